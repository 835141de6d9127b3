/** Points as they are drawn: typed arrays, scaled to a square around the origin. */

import type { Preview } from '../../../../api/records';

export type Embedding = NonNullable<Preview['embedding']>;

export interface IPoints {
  /** From -1 to 1 in the longer direction, y upwards. */
  readonly x: Float32Array;
  readonly y: Float32Array;
  /** The position of each point in the table of observations. */
  readonly rows: Int32Array;
  readonly length: number;
  /** Give the embedding's own coordinates of a place. */
  toData: (x: number, y: number) => [number, number];
}

// An axis that is more than this much shorter than the other is stretched, else it were a line.
const MOST_FLAT = 8;

/** Scale the coordinates of an embedding, alike in both directions. */
export function pointsOf(embedding: Embedding, flipped: boolean): IPoints {
  const [across, up] = embedding.coordinates;
  const length = embedding.n_shown;
  const columns = [rangeOf(across), rangeOf(up ?? [])];
  const longer = Math.max(columns[0].span, columns[1].span) || 1;
  const [sx, sy] = columns.map(({ span }) =>
    span > 0 && longer / span > MOST_FLAT ? 2 / span : 2 / longer
  );
  const sign = flipped ? -1 : 1;
  const x = new Float32Array(length);
  const y = new Float32Array(length);
  for (let i = 0; i < length; i++) {
    x[i] = ((across[i] ?? 0) - columns[0].middle) * sx;
    y[i] = ((up?.[i] ?? 0) - columns[1].middle) * sy * sign;
  }
  return {
    x,
    y,
    rows: Int32Array.from(embedding.rows),
    length,
    toData: (px, py) => [px / sx + columns[0].middle, (sign * py) / sy + columns[1].middle]
  };
}

function rangeOf(values: readonly (number | null)[]): { span: number; middle: number } {
  let least = Infinity;
  let most = -Infinity;
  for (const value of values) {
    if (value !== null) {
      least = Math.min(least, value);
      most = Math.max(most, value);
    }
  }
  return most >= least
    ? { span: most - least, middle: (most + least) / 2 }
    : { span: 0, middle: 0 };
}

/** How big points are drawn: smaller where they are many. */
export function diameterFor(length: number): number {
  return Math.min(6, Math.max(2, 140 / Math.sqrt(Math.max(1, length))));
}
