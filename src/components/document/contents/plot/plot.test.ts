import { describe, expect, it } from 'vitest';

import { stampOf } from './canvasPainter';
import { enclosed, isInside } from './lasso';
import { channels, colorAt, scaleColors } from './palette';
import { type Embedding, pointsOf } from './points';
import { fitting, panned, toPlane, toScreen, zoomed } from './view';

const embedding = {
  key: 'X_umap',
  dimensions: [0, 1],
  n_shown: 4,
  coordinates: [
    [0, 10, 10, 0],
    [0, 0, 5, 5]
  ],
  rows: [4, 5, 6, 7]
} as unknown as Embedding;

describe('points', () => {
  it('are scaled alike in both directions, and back', () => {
    const points = pointsOf(embedding, false);
    expect([...points.x]).toEqual([-1, 1, 1, -1]);
    expect([...points.y]).toEqual([-0.5, -0.5, 0.5, 0.5]);
    expect(points.toData(1, 0.5)).toEqual([10, 5]);
  });

  it('of an image have their origin above', () => {
    const points = pointsOf(embedding, true);
    expect(points.y[0]).toBe(0.5);
    expect(points.toData(-1, 0.5)).toEqual([0, 0]);
  });

  it('on a line are still places', () => {
    const flat = {
      ...embedding,
      coordinates: [
        [1, 1, 1, 1],
        [2, 2, 2, 2]
      ]
    };
    expect([...pointsOf(flat, false).x]).toEqual([0, 0, 0, 0]);
  });
});

describe('an outline', () => {
  // A horseshoe: its hollow is outside.
  const horseshoe = [
    [0, 0],
    [4, 0],
    [4, 4],
    [3, 4],
    [3, 1],
    [1, 1],
    [1, 4],
    [0, 4]
  ] as const;

  it('has a hollow that is outside', () => {
    expect(isInside(horseshoe, 0.5, 3)).toBe(true);
    expect(isInside(horseshoe, 2, 3)).toBe(false);
    expect(isInside(horseshoe, 2, 0.5)).toBe(true);
  });

  it('takes only the points that count', () => {
    const points = pointsOf(embedding, false);
    const all = [
      [-2, -2],
      [2, -2],
      [2, 2],
      [-2, 2]
    ] as const;
    expect([...enclosed(points, all, i => i !== 2)]).toEqual([0, 1, 3]);
    expect([...enclosed(points, all.slice(0, 2), () => true)]).toEqual([]);
  });
});

describe('the view', () => {
  const size = { width: 200, height: 100 };
  const fit = fitting(size, { width: 2, height: 2 });

  it('maps places there and back', () => {
    const [px, py] = toScreen(fit, size, 0.3, -0.4);
    const [x, y] = toPlane(fit, size, px, py);
    expect(x).toBeCloseTo(0.3);
    expect(y).toBeCloseTo(-0.4);
  });

  it('zooms around the pointer, within limits', () => {
    const at: [number, number] = [150, 20];
    const before = toPlane(fit, size, ...at);
    const near = zoomed(fit, size, fit, 3, at);
    toPlane(near, size, ...at).forEach((value, i) => expect(value).toBeCloseTo(before[i]));
    expect(zoomed(fit, size, fit, 1e9).scale).toBe(fit.scale * 400);
  });

  it('follows the pointer', () => {
    const [x, y] = toScreen(panned(fit, 10, 5), size, 0, 0);
    expect([x, y]).toEqual([110, 55]);
  });
});

describe('colours', () => {
  it('run from one end of a scale to the other', () => {
    const colors = scaleColors('viridis', 5);
    expect([colors[0], colors[4]]).toEqual(['#440154', '#fde725']);
  });

  it('are as many as there are categories', () => {
    const colors = Array.from({ length: 200 }, (_, i) => colorAt(i));
    expect(new Set(colors).size).toBe(200);
    expect(colors.flatMap(channels).every(value => value >= 0 && value <= 255)).toBe(true);
  });
});

describe('the stamp of a point', () => {
  it('is full in its middle and soft at its edge', () => {
    const { side, cover } = stampOf(5);
    expect(cover[Math.floor((side * side) / 2)]).toBe(1);
    expect(cover[0]).toBeLessThan(0.2);
  });
});
