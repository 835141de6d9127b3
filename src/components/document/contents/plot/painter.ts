/** What draws points on a canvas. */

import type { IPoints } from './points';
import type { ISize, IView } from './view';

/** How points look: the colour of each, and which of them stand out. */
export interface ILook {
  /** The colour of each point, by its place in `colors`. */
  readonly codes: Uint16Array;
  /** As `#rrggbb`. */
  readonly colors: readonly string[];
  /** The points that are drawn, those that lie above later. */
  readonly order: Uint32Array;
  /** Whether a point is drawn weaker, because others were chosen; null where none is. */
  readonly faded: Uint8Array | null;
  /** The diameter of a point in pixels of the page. */
  readonly diameter: number;
}

export const OPACITY = 0.92;
export const FADED_OPACITY = 0.28;

export interface IPainter {
  readonly kind: 'webgl' | 'canvas';
  resize(size: ISize, ratio: number): void;
  /** The points and how they look; drawn by the next {@link draw}. */
  show(points: IPoints, look: ILook, background: string): void;
  draw(view: IView): void;
  dispose(): void;
}
