/** A heat map: each value a cell, read by the pointer or the arrow keys. */

import {
  type CSSProperties,
  type KeyboardEvent,
  type PointerEvent,
  useEffect,
  useId,
  useLayoutEffect,
  useMemo,
  useRef,
  useState
} from 'react';

import { Bidi, Text, measured, useAnnounce, useWords, visible } from '../../../base';
import { type IAnnotation, type IBlock, type IDrawn, imageOf } from './heat';

export interface IHeatMapProps {
  block: IBlock;
  drawn: IDrawn;
  annotations: readonly IAnnotation[];
  label: string;
}

const ROW = 16;
const BAR = 14;
const GAP = 1;

interface IPlace {
  row: number;
  column: number;
}

export function HeatMap({ block, drawn, annotations, label }: IHeatMapProps) {
  const t = useWords();
  const help = useId();
  const announce = useAnnounce();
  const [place, setPlace] = useState<IPlace | null>(null);
  const nRows = block.rowNames.length;
  const nColumns = block.columnNames.length;
  // What the bars show in colours is told in words.
  const told = block.fields.filter(({ name }) => annotations.some(bar => bar.name === name));
  const write = useMemo(() => measured(block.values.flat()), [block]);
  const valueAt = ({ row, column }: IPlace) => {
    const value = block.values[row][column];
    return value === null ? t('no value') : write(value);
  };
  const pointed = (event: PointerEvent<HTMLDivElement>) => {
    const box = event.currentTarget.getBoundingClientRect();
    const column = Math.floor(((event.clientX - box.left) / box.width) * nColumns);
    const row = Math.floor(((event.clientY - box.top) / box.height) * nRows);
    setPlace(inside({ row, column }, nRows, nColumns));
  };
  const keyed = (event: KeyboardEvent) => {
    const next = moved(event, place, nRows, nColumns);
    if (next === undefined) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    setPlace(next);
    if (next) {
      announce(
        `${visible(block.rowLabels[next.row])}, ${visible(block.columnNames[next.column])}: ${valueAt(next)}`
      );
    }
  };
  return (
    <div className="omicshelf-heat" style={{ '--omicshelf-heat-row': `${ROW}px` } as CSSProperties}>
      <ul className="omicshelf-heat-bars" aria-hidden="true">
        {annotations.map(({ name }) => (
          <li key={name}>
            <Text text={name} />
          </li>
        ))}
      </ul>
      <Bars annotations={annotations} n={nColumns} />
      <ul className="omicshelf-heat-names">
        {block.rowLabels.map((name, i) => (
          <li key={i} className={place?.row === i ? 'omicshelf-mod-current' : undefined}>
            <Text text={name} title={hintOf(name, block.rowNames[i])} />
          </li>
        ))}
      </ul>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- an application */}
      <div
        className="omicshelf-heat-plane"
        style={{ height: nRows * ROW }}
        role="application"
        aria-roledescription={t('heat map')}
        aria-label={label}
        aria-describedby={help}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it has keys
        tabIndex={0}
        onPointerMove={pointed}
        onPointerLeave={() => setPlace(null)}
        onBlur={() => setPlace(null)}
        onKeyDown={keyed}
      >
        <Cells drawn={drawn} nRows={nRows} />
        {place && (
          <>
            <i className="omicshelf-heat-cursor" style={boxOf(place, nRows, nColumns)} />
            <div
              className={tipClass(place, nRows, nColumns)}
              style={{
                left: `${((place.column + 0.5) / nColumns) * 100}%`,
                top: (place.row + 1) * ROW
              }}
            >
              <div>
                <strong>
                  <Bidi text={block.rowLabels[place.row]} />
                </strong>{' '}
                {block.rowLabels[place.row] !== block.rowNames[place.row] && (
                  <span className="omicshelf-dim">
                    <Bidi text={block.rowNames[place.row]} />
                  </span>
                )}
              </div>
              <div>
                <Bidi text={block.columnNames[place.column]} />: <strong>{valueAt(place)}</strong>
              </div>
              {told.map(field => (
                <div key={field.name} className="omicshelf-dim">
                  <Bidi text={field.name} />:{' '}
                  <Bidi text={String(field.values[place.column] ?? t('none'))} />
                </div>
              ))}
            </div>
          </>
        )}
      </div>
      <p id={help} className="omicshelf-unseen">
        {t('Arrow keys move from value to value.')}
      </p>
    </div>
  );
}

/** The cells: an image of a pixel each, enlarged without smoothing. */
function Cells({ drawn, nRows }: { drawn: IDrawn; nRows: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const theme = useTheme();
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    const image = imageOf(drawn, '#9e9e9e');
    if (!element || !context || !image) {
      return;
    }
    element.width = image.width;
    element.height = image.height;
    context.putImageData(image, 0, 0);
  }, [drawn, theme]);
  return (
    <>
      <canvas ref={canvas} className="omicshelf-heat-canvas" aria-hidden="true" />
      {/* Lines of the pane between the rows, so that one row is followed by the eye. */}
      <div
        className="omicshelf-heat-lines"
        aria-hidden="true"
        style={{
          height: nRows * ROW,
          backgroundSize: `100% ${ROW}px`,
          ['--gap' as string]: `${GAP}px`
        }}
      />
    </>
  );
}

/** Draw the bars of annotation, one below the other. */
function Bars({ annotations, n }: { annotations: readonly IAnnotation[]; n: number }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useLayoutEffect(() => {
    const element = canvas.current;
    const context = element?.getContext('2d');
    if (!element || !context || !n || !annotations.length) {
      return;
    }
    element.width = n;
    element.height = annotations.length;
    annotations.forEach(({ colors }, row) => {
      colors.forEach((color, column) => {
        if (color) {
          context.fillStyle = color;
          context.fillRect(column, row, 1, 1);
        }
      });
    });
  }, [annotations, n]);
  return (
    <div className="omicshelf-heat-bar-plane" style={{ height: annotations.length * (BAR + 1) }}>
      {annotations.length > 0 && (
        <canvas ref={canvas} className="omicshelf-heat-canvas" aria-hidden="true" />
      )}
    </div>
  );
}

/** Changes when the theme does. */
function useTheme(): number {
  const [n, setN] = useState(0);
  useEffect(() => {
    const observer = new MutationObserver(() => setN(before => before + 1));
    observer.observe(document.body, { attributes: true, attributeFilter: ['data-jp-theme-light'] });
    return () => observer.disconnect();
  }, []);
  return n;
}

function hintOf(label: string, name: string): string | undefined {
  return label === name ? undefined : `${visible(label)} (${visible(name)})`;
}

function inside({ row, column }: IPlace, nRows: number, nColumns: number): IPlace {
  return {
    row: Math.min(nRows - 1, Math.max(0, row)),
    column: Math.min(nColumns - 1, Math.max(0, column))
  };
}

/** Where a key leads; null takes the cursor away, undefined is a key that does nothing here. */
function moved(
  event: KeyboardEvent,
  place: IPlace | null,
  nRows: number,
  nColumns: number
): IPlace | null | undefined {
  const far = event.ctrlKey || event.metaKey;
  const { row, column } = place ?? { row: 0, column: -1 };
  const to = {
    ArrowLeft: { row, column: far ? 0 : column - 1 },
    ArrowRight: { row, column: far ? nColumns - 1 : column + 1 },
    ArrowUp: { row: far ? 0 : row - 1, column },
    ArrowDown: { row: far ? nRows - 1 : row + (place ? 1 : 0), column },
    Home: { row, column: 0 },
    End: { row, column: nColumns - 1 }
  }[event.key];
  if (event.key === 'Escape' && place) {
    return null;
  }
  return to && inside(to, nRows, nColumns);
}

function boxOf({ row, column }: IPlace, nRows: number, nColumns: number): CSSProperties {
  return {
    left: `${(column / nColumns) * 100}%`,
    width: `${100 / nColumns}%`,
    top: `${(row / nRows) * 100}%`,
    height: `${100 / nRows}%`
  };
}

function tipClass({ row, column }: IPlace, nRows: number, nColumns: number): string {
  return [
    'omicshelf-heat-tip',
    column > nColumns / 2 && 'omicshelf-mod-left',
    row > nRows / 2 && 'omicshelf-mod-above'
  ]
    .filter(Boolean)
    .join(' ');
}
