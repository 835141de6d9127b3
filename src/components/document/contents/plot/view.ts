/** Which part of the plane is seen: the middle, and how many pixels a unit of it has. */

export interface IView {
  readonly x: number;
  readonly y: number;
  readonly scale: number;
}

export interface ISize {
  readonly width: number;
  readonly height: number;
}

const PADDING = 20;
const MOST = 400;
const LEAST = 0.3;

/** Show all points: they lie between -1 and 1. */
export function fitting(size: ISize, extent: { width: number; height: number }): IView {
  const across = Math.max(1, size.width - 2 * PADDING) / Math.max(extent.width, 1e-6);
  const down = Math.max(1, size.height - 2 * PADDING) / Math.max(extent.height, 1e-6);
  return { x: 0, y: 0, scale: Math.min(across, down) };
}

export function toScreen(view: IView, size: ISize, x: number, y: number): [number, number] {
  return [size.width / 2 + (x - view.x) * view.scale, size.height / 2 - (y - view.y) * view.scale];
}

export function toPlane(view: IView, size: ISize, px: number, py: number): [number, number] {
  return [
    view.x + (px - size.width / 2) / view.scale,
    view.y - (py - size.height / 2) / view.scale
  ];
}

/** Move what is seen with the pointer, by pixels. */
export function panned(view: IView, dx: number, dy: number): IView {
  return { ...view, x: view.x - dx / view.scale, y: view.y + dy / view.scale };
}

/** Zoom by a factor; the place under the pointer stays where it is. */
export function zoomed(
  view: IView,
  size: ISize,
  fit: IView,
  factor: number,
  at: [number, number] = [size.width / 2, size.height / 2]
): IView {
  const scale = Math.min(fit.scale * MOST, Math.max(fit.scale * LEAST, view.scale * factor));
  const [x, y] = toPlane(view, size, ...at);
  return {
    scale,
    x: x - (at[0] - size.width / 2) / scale,
    y: y + (at[1] - size.height / 2) / scale
  };
}
