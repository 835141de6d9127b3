/** Which points lie in an outline that was drawn by hand. */

import type { IPoints } from './points';

export type Outline = readonly (readonly [number, number])[];

/** Whether a place is inside, by the even-odd rule. */
export function isInside(outline: Outline, x: number, y: number): boolean {
  let inside = false;
  for (let i = 0, j = outline.length - 1; i < outline.length; j = i++) {
    const [ax, ay] = outline[i];
    const [bx, by] = outline[j];
    if (ay > y !== by > y && x < ((bx - ax) * (y - ay)) / (by - ay) + ax) {
      inside = !inside;
    }
  }
  return inside;
}

/** Give the points inside of an outline; `counts` says which ones can be chosen. */
export function enclosed(
  points: IPoints,
  outline: Outline,
  counts: (point: number) => boolean
): Int32Array {
  if (outline.length < 3) {
    return new Int32Array();
  }
  const xs = outline.map(([x]) => x);
  const ys = outline.map(([, y]) => y);
  const [left, right] = [Math.min(...xs), Math.max(...xs)];
  const [bottom, top] = [Math.min(...ys), Math.max(...ys)];
  const found: number[] = [];
  for (let i = 0; i < points.length; i++) {
    const x = points.x[i];
    const y = points.y[i];
    // Most points are outside of the outline's box, and cost no more than this.
    if (x >= left && x <= right && y >= bottom && y <= top && counts(i)) {
      if (isInside(outline, x, y)) {
        found.push(i);
      }
    }
  }
  return Int32Array.from(found);
}
