/** A scatter plot to move in, and to draw an outline around points. */

import {
  type KeyboardEvent,
  type PointerEvent,
  type ReactNode,
  forwardRef,
  useCallback,
  useEffect,
  useId,
  useImperativeHandle,
  useRef,
  useState
} from 'react';

import { useWords } from '../../../base';
import type { Outline } from './lasso';
import type { ILook } from './painter';
import type { IPoints } from './points';
import { type PainterKind, Stage } from './stage';

export type PlotMode = 'pan' | 'lasso';

export interface IScatterProps {
  points: IPoints;
  look: ILook;
  /** What it shows, for people who do not see it. */
  label: string;
  /** The names of the axes, across and up. */
  axes: readonly [string, string];
  mode: PlotMode;
  /** The outline that was drawn, in the coordinates of the points. */
  outline: Outline | null;
  onOutline: (outline: Outline | null) => void;
  /** How to draw; default: as is quickest here. */
  painter?: PainterKind;
  children?: ReactNode;
}

/** What the buttons beside the plot do. */
export interface IScatterHandle {
  fit: () => void;
  zoom: (factor: number) => void;
  /** What is seen, as a PNG. */
  image: () => Promise<Blob | null>;
}

const STEP = 40; // pixels of an arrow key
const ZOOM = 1.25;
const APART = 4; // pixels between the corners of an outline
const LINE = 16; // pixels of a line, for wheels that count lines

export const Scatter = forwardRef<IScatterHandle, IScatterProps>(function Scatter(props, handle) {
  const t = useWords();
  const help = useId();
  const box = useRef<HTMLDivElement>(null);
  const canvas = useRef<HTMLCanvasElement>(null);
  const line = useRef<SVGPathElement>(null);
  const stage = useStage(box, canvas, props, line);
  const [drawn, setDrawn] = useState<[number, number][] | null>(null);
  useImperativeHandle(handle, () => ({
    fit: () => stage.current?.fit(),
    zoom: factor => stage.current?.zoom(factor),
    image: () => new Promise(resolve => canvas.current?.toBlob(resolve) ?? resolve(null))
  }));

  const pressed = (event: PointerEvent<HTMLDivElement>) => {
    if (event.button !== 0) {
      return;
    }
    // Dragging selects no text; without its default a press gives no focus either.
    event.preventDefault();
    event.currentTarget.focus({ preventScroll: true });
    event.currentTarget.setPointerCapture(event.pointerId);
    // Shift draws an outline while one moves, and moves while one draws.
    if ((props.mode === 'lasso') !== event.shiftKey) {
      setDrawn([at(event)]);
    }
  };
  const moved = (event: PointerEvent<HTMLDivElement>) => {
    if (!event.currentTarget.hasPointerCapture(event.pointerId)) {
      return;
    }
    if (!drawn) {
      stage.current?.pan(event.movementX, event.movementY);
      return;
    }
    const next = at(event);
    const last = drawn[drawn.length - 1];
    if (Math.hypot(next[0] - last[0], next[1] - last[1]) >= APART) {
      setDrawn([...drawn, next]);
    }
  };
  const released = (event: PointerEvent<HTMLDivElement>) => {
    event.currentTarget.releasePointerCapture(event.pointerId);
    if (drawn && stage.current) {
      const { current } = stage;
      props.onOutline(drawn.length > 2 ? drawn.map(([x, y]) => current.toPlane(x, y)) : null);
    }
    setDrawn(null);
  };
  const keyed = (event: KeyboardEvent<HTMLDivElement>) => {
    if (event.key === 'Escape' && (drawn || props.outline)) {
      setDrawn(null);
      props.onOutline(null);
    } else if (event.ctrlKey || event.metaKey || event.altKey || !move(stage.current, event.key)) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  };

  return (
    <div className="omicshelf-scatter" ref={box}>
      <canvas ref={canvas} className="omicshelf-scatter-canvas" aria-hidden="true" />
      {/* The keys of a plot are its own: arrows move, + and - zoom. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- an application */}
      <div
        className={`omicshelf-scatter-plane omicshelf-mod-${props.mode}`}
        role="application"
        aria-roledescription={t('scatter plot')}
        aria-label={props.label}
        aria-describedby={help}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it has keys
        tabIndex={0}
        onPointerDown={pressed}
        onPointerMove={moved}
        onPointerUp={released}
        onPointerCancel={() => setDrawn(null)}
        onDoubleClick={() => stage.current?.fit()}
        onKeyDown={keyed}
      />
      <svg className="omicshelf-scatter-outline" aria-hidden="true">
        <path ref={line} />
        {drawn && <path className="omicshelf-mod-drawing" d={pathOf(drawn)} />}
      </svg>
      <Axes names={props.axes} />
      <p id={help} className="omicshelf-unseen">
        {t(
          'Arrow keys move, + and − zoom, 0 shows all, Escape takes the outline away. ' +
            'The legend chooses the same by category.'
        )}
      </p>
      {props.children}
    </div>
  );
});

/** Keep a stage for the canvas, of its size, with what the properties say. */
function useStage(
  box: React.RefObject<HTMLDivElement>,
  canvas: React.RefObject<HTMLCanvasElement>,
  props: IScatterProps,
  line: React.RefObject<SVGPathElement>
): React.RefObject<Stage> {
  const { points, look, outline, painter } = props;
  const stage = useRef<Stage | null>(null);
  const latest = useRef<Outline | null>(outline);
  latest.current = outline;
  const trace = useCallback(() => {
    const { current } = stage;
    const corners = current && latest.current?.map(([x, y]) => current.toScreen(x, y));
    line.current?.setAttribute('d', corners ? `${pathOf(corners)}Z` : '');
  }, [line]);

  useEffect(() => {
    const element = box.current;
    if (!element || !canvas.current) {
      return undefined;
    }
    const made = new Stage(canvas.current, trace, painter);
    stage.current = made;
    canvas.current.dataset.painter = '';
    const stop = watch(element, made, canvas.current);
    return () => {
      stop();
      made.dispose();
      stage.current = null;
    };
  }, [box, canvas, painter, trace]);
  useEffect(() => stage.current?.show(points, look), [points, look, painter]);
  useEffect(trace, [outline, trace]);
  return stage;
}

/** Tell a stage what happens around it: its size, whether it is seen, the theme, the wheel. */
function watch(element: HTMLElement, stage: Stage, canvas: HTMLCanvasElement): () => void {
  let inView = false;
  const showing = () =>
    void stage.setShown(inView && !document.hidden).then(() => {
      canvas.dataset.painter = stage.painter ?? '';
    });
  const sizes = new ResizeObserver(([{ contentRect }]) =>
    stage.resize({ width: Math.floor(contentRect.width), height: Math.floor(contentRect.height) })
  );
  const views = new IntersectionObserver(entries => {
    inView = entries[entries.length - 1].isIntersecting;
    showing();
  });
  const themes = new MutationObserver(() => stage.refresh());
  const turned = (event: WheelEvent) => {
    event.preventDefault();
    const turn = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? event.deltaY * LINE : event.deltaY;
    const box = element.getBoundingClientRect();
    stage.zoom(Math.exp(-turn / 400), [event.clientX - box.left, event.clientY - box.top]);
  };
  const unscale = onPixelRatio(() => stage.rescale());
  sizes.observe(element);
  views.observe(element);
  themes.observe(document.body, {
    attributes: true,
    attributeFilter: ['data-jp-theme-name', 'data-jp-theme-light', 'class']
  });
  document.addEventListener('visibilitychange', showing);
  element.addEventListener('wheel', turned, { passive: false });
  return () => {
    sizes.disconnect();
    views.disconnect();
    themes.disconnect();
    unscale();
    document.removeEventListener('visibilitychange', showing);
    element.removeEventListener('wheel', turned);
  };
}

/** Be told when the page is zoomed or moved to another screen. */
function onPixelRatio(changed: () => void): () => void {
  let query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
  const listen = () => {
    query = matchMedia(`(resolution: ${devicePixelRatio}dppx)`);
    query.addEventListener('change', told, { once: true });
  };
  const told = () => {
    listen();
    changed();
  };
  listen();
  return () => query.removeEventListener('change', told);
}

function move(stage: Stage | null, key: string): boolean {
  switch (key) {
    case 'ArrowLeft':
      stage?.pan(STEP, 0);
      return true;
    case 'ArrowRight':
      stage?.pan(-STEP, 0);
      return true;
    case 'ArrowUp':
      stage?.pan(0, STEP);
      return true;
    case 'ArrowDown':
      stage?.pan(0, -STEP);
      return true;
    case '+':
    case '=':
      stage?.zoom(ZOOM);
      return true;
    case '-':
      stage?.zoom(1 / ZOOM);
      return true;
    case '0':
      stage?.fit();
      return true;
    default:
      return false;
  }
}

function at(event: PointerEvent<HTMLDivElement>): [number, number] {
  const box = event.currentTarget.getBoundingClientRect();
  return [event.clientX - box.left, event.clientY - box.top];
}

function pathOf(corners: readonly (readonly [number, number])[]): string {
  return corners.map(([x, y], i) => `${i ? 'L' : 'M'}${x.toFixed(1)} ${y.toFixed(1)}`).join('');
}

/** Which way the two dimensions grow. */
function Axes({ names }: { names: readonly [string, string] }) {
  return (
    <div className="omicshelf-scatter-axes" aria-hidden="true">
      <span>{names[1]}</span>
      <svg viewBox="0 0 46 46" width="46" height="46">
        <path d="M6 2v38h38M3 6l3-4 3 4M40 37l4 3-4 3" />
      </svg>
      <span>{names[0]}</span>
    </div>
  );
}
