/** A canvas with points on it: its size, what is seen, and who draws it. */

import { canvasPainter } from './canvasPainter';
import type { ILook, IPainter } from './painter';
import type { IPoints } from './points';
import { type ISize, type IView, fitting, panned, toPlane, toScreen, zoomed } from './view';

export type PainterKind = IPainter['kind'];

/** What is drawn, once it is known. */
interface IScene {
  points: IPoints;
  look: ILook;
}

export class Stage {
  private _size: ISize = { width: 0, height: 0 };
  private _view: IView | null = null;
  /** Where the view is when everything is seen. */
  private _fit: IView = { x: 0, y: 0, scale: 1 };
  private _scene: IScene | null = null;
  private _painter: IPainter | null = null;
  private _frame = 0;
  private _shown = false;
  private _stale = true;
  private _disposed = false;

  /**
   * @param canvas The canvas.
   * @param onDraw Called after each drawing, for what lies above the canvas.
   * @param kind How to draw; default: by WebGL, where there is one.
   */
  constructor(
    private readonly _canvas: HTMLCanvasElement,
    private readonly _onDraw: () => void,
    private readonly _kind: PainterKind = hasWebgl() ? 'webgl' : 'canvas'
  ) {}

  get painter(): PainterKind | null {
    return this._painter?.kind ?? null;
  }

  get size(): ISize {
    return this._size;
  }

  get view(): IView {
    return this._view ?? this._fit;
  }

  /** Draw while it is seen; give back what drawing takes while it is not. */
  async setShown(shown: boolean): Promise<void> {
    if (shown === this._shown) {
      return;
    }
    this._shown = shown;
    if (!shown) {
      this._drop();
      return;
    }
    const painter = await this._newPainter();
    if (!this._shown || this._disposed || this._painter) {
      painter.dispose();
      return;
    }
    this._painter = painter;
    this._painter.resize(this._size, devicePixelRatio);
    this.refresh();
  }

  resize(size: ISize): void {
    if (size.width === this._size.width && size.height === this._size.height) {
      return;
    }
    const wasFitting = this._view === null;
    this._size = size;
    this._painter?.resize(size, devicePixelRatio);
    this._refit();
    if (wasFitting) {
      this._view = null;
    }
    this._schedule();
  }

  /** The screen's pixels have become larger or smaller. */
  rescale(): void {
    this._painter?.resize(this._size, devicePixelRatio);
    this._schedule();
  }

  show(points: IPoints, look: ILook): void {
    const moved = points !== this._scene?.points;
    this._scene = { points, look };
    if (moved) {
      this._view = null;
      this._refit();
    }
    this.refresh();
  }

  /** Draw anew, with the colours that the theme has now. */
  refresh(): void {
    this._stale = true;
    this._schedule();
  }

  fit(): void {
    this._view = null;
    this._schedule();
  }

  pan(dx: number, dy: number): void {
    this._view = panned(this.view, dx, dy);
    this._schedule();
  }

  zoom(factor: number, at?: [number, number]): void {
    this._view = zoomed(this.view, this._size, this._fit, factor, at);
    this._schedule();
  }

  toScreen(x: number, y: number): [number, number] {
    return toScreen(this.view, this._size, x, y);
  }

  toPlane(px: number, py: number): [number, number] {
    return toPlane(this.view, this._size, px, py);
  }

  dispose(): void {
    this._disposed = true;
    this._drop();
  }

  private _refit(): void {
    if (this._scene) {
      this._fit = fitting(this._size, extentOf(this._scene.points));
    }
  }

  private _drop(): void {
    cancelAnimationFrame(this._frame);
    this._frame = 0;
    this._painter?.dispose();
    this._painter = null;
  }

  private async _newPainter(): Promise<IPainter> {
    if (this._kind === 'webgl') {
      try {
        const { webglPainter } = await import('./webglPainter');
        if (this._disposed) {
          return canvasPainter(this._canvas);
        }
        return webglPainter(this._canvas);
      } catch {
        // No context left, a policy against code made at run time, or the chunk did not come:
        // without WebGL it looks the same.
      }
    }
    return canvasPainter(this._canvas);
  }

  private _schedule(): void {
    if (!this._frame && this._painter) {
      this._frame = requestAnimationFrame(() => this._draw());
    }
  }

  private _draw(): void {
    this._frame = 0;
    const { _painter: painter, _scene: scene } = this;
    if (!painter || !scene || !this._size.width || !this._size.height) {
      return;
    }
    if (this._stale) {
      this._stale = false;
      painter.show(scene.points, scene.look, backgroundOf(this._canvas));
    }
    painter.draw(this.view);
    this._onDraw();
  }
}

function extentOf({ x, y, length }: IPoints): { width: number; height: number } {
  let [width, height] = [0, 0];
  for (let i = 0; i < length; i++) {
    width = Math.max(width, Math.abs(x[i]));
    height = Math.max(height, Math.abs(y[i]));
  }
  return { width: 2 * width, height: 2 * height };
}

/** The colour of the pane as `#rrggbb`. */
function backgroundOf(element: HTMLElement): string {
  const context = document.createElement('canvas').getContext('2d');
  const color = getComputedStyle(element).backgroundColor;
  if (!context) {
    return '#ffffff';
  }
  context.fillStyle = '#ffffff';
  context.fillStyle = color;
  return context.fillStyle.startsWith('#') ? context.fillStyle : '#ffffff';
}

let webgl: boolean | undefined;

/** Whether there is WebGL that is not known to be slow. */
export function hasWebgl(): boolean {
  if (webgl === undefined) {
    const context = document
      .createElement('canvas')
      .getContext('webgl', { failIfMajorPerformanceCaveat: true });
    webgl = context !== null;
    context?.getExtension('WEBGL_lose_context')?.loseContext();
  }
  return webgl;
}
