/** The median of each column over the rows that are shown: what is unlike the others is seen. */

import { measured, visible, useWords } from '../../../base';
import { type IAnnotation, type IBlock, perColumn } from './heat';

const HEIGHT = 96;
const MARGIN = 10;

export interface IPerColumnProps {
  block: IBlock;
  /** Colours the points, where it has categories. */
  annotation: IAnnotation | null;
}

export function PerColumn({ block, annotation }: IPerColumnProps) {
  const t = useWords();
  const { medians, bounds, middle } = perColumn(block.values);
  const known = medians.filter(value => value !== null);
  if (known.length < 2 || middle === null) {
    return null;
  }
  const least = Math.min(...known, bounds?.[0] ?? Infinity);
  const most = Math.max(...known, bounds?.[1] ?? -Infinity);
  const write = measured([least, most]);
  const y = (value: number) =>
    most > least ? MARGIN + ((most - value) / (most - least)) * (HEIGHT - 2 * MARGIN) : HEIGHT / 2;
  const n = medians.length;
  return (
    <section className="omicshelf-percolumn" aria-label={t('Per sample')}>
      <h3>
        {t('Per sample')}{' '}
        <span className="omicshelf-dim">
          {bounds
            ? t('median of the {n} rows shown; lines at ±3 MAD', { n: block.rowNames.length })
            : t('median of the {n} rows shown', { n: block.rowNames.length })}
        </span>
      </h3>
      <div className="omicshelf-percolumn-plane" style={{ height: HEIGHT }}>
        {(bounds ? [bounds[1], middle, bounds[0]] : [most, least]).map((value, i) => (
          <span key={i} className="omicshelf-percolumn-tick" style={{ top: y(value) }}>
            {write(value)}
          </span>
        ))}
        <svg role="img" aria-label={saidOf(t, medians, bounds)} height={HEIGHT}>
          {bounds?.map(value => (
            <line key={value} x1="0" x2="100%" y1={y(value)} y2={y(value)} />
          ))}
          {medians.map((value, i) =>
            value === null ? null : (
              <circle
                key={i}
                cx={`${((i + 0.5) / n) * 100}%`}
                cy={y(value)}
                r={isOut(value, bounds) ? 4 : 2}
                fill={(annotation?.legend && annotation.colors[i]) ?? 'var(--jp-brand-color1)'}
                className={isOut(value, bounds) ? 'omicshelf-mod-out' : undefined}
              >
                <title>{`${visible(block.columnNames[i])}: ${write(value)}`}</title>
              </circle>
            )
          )}
        </svg>
      </div>
    </section>
  );
}

function isOut(value: number, bounds: readonly [number, number] | null): boolean {
  return bounds !== null && (value < bounds[0] || value > bounds[1]);
}

function saidOf(
  t: ReturnType<typeof useWords>,
  medians: readonly (number | null)[],
  bounds: readonly [number, number] | null
): string {
  const out = medians.filter(value => value !== null && isOut(value, bounds)).length;
  return t.plural(
    '{n} column is further than 3 MAD from the others',
    '{n} columns are further than 3 MAD from the others',
    out
  );
}
