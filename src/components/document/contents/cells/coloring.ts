/** How the points look: their colours, which of them are hidden, and which stand out. */

import type { Preview } from '../../../../api/records';
import { MISSING, type Scale, categoryColors, scaleColors } from '../plot/palette';
import type { ILook } from '../plot/painter';

type Coloring = NonNullable<Preview['embedding']>['color'];
export type Categories = Extract<NonNullable<Coloring>, { kind: 'categories' }>;
export type Numbers = Extract<NonNullable<Coloring>, { kind: 'numbers' }>;

/** A line of the legend. `code` is that of the points: -1 is missing, -2 one of the others. */
export interface IEntry {
  code: number;
  /** The category's name; null of what is missing and of the others. */
  name: string | null;
  color: string;
  /** Of all observations; null where only the drawn ones could be counted. */
  n: number | null;
}

export const NO_VALUE = -1;
export const OTHERS = -2;

/** The lines of a legend: the largest first, or as they are ordered; what has no name is last. */
export function entriesOf(categories: Categories): IEntry[] {
  const colors = categoryColors(categories.categories.length, categories.colors);
  const found: IEntry[] = categories.categories.map((name, code) => ({
    code,
    name,
    color: colors[code],
    n: categories.counts[code]
  }));
  if (!categories.ordered) {
    found.sort((a, b) => (b.n ?? 0) - (a.n ?? 0) || a.code - b.code);
  }
  if (categories.n_other) {
    found.push({ code: OTHERS, name: null, color: '#8a8a8a', n: null });
  }
  if (categories.n_missing) {
    found.push({ code: NO_VALUE, name: null, color: MISSING, n: categories.n_missing });
  }
  return found;
}

/** Whether the colours are those that were saved with the data. */
export function hasOwnColors(categories: Categories): boolean {
  return categories.colors !== null && categories.colors.length === categories.categories.length;
}

/** The codes and colours of all points. */
export interface IPaint {
  codes: Uint16Array;
  colors: readonly string[];
  /** The points in the order in which they are drawn: the highest values above. */
  order: Uint32Array;
}

const STEPS = 64;

/** One colour for all points, where nothing is chosen that would colour them. */
export function plainPaint(length: number, color: string): IPaint {
  return { codes: new Uint16Array(length), colors: [color], order: ascending(length) };
}

export function categoryPaint(categories: Categories): IPaint {
  const entries = entriesOf(categories);
  const at = new Map(entries.map(({ code }, i) => [code, i]));
  const codes = Uint16Array.from(categories.codes, code => at.get(code) ?? 0);
  return { codes, colors: entries.map(({ color }) => color), order: ascending(codes.length) };
}

/** From which value to which the colours of a scale run. */
export type Limits = readonly [number, number];

export function numberPaint(numbers: Numbers, limits: Limits, scale: Scale): IPaint {
  const { values } = numbers;
  const codes = new Uint16Array(values.length);
  for (let i = 0; i < values.length; i++) {
    codes[i] = stepOf(values[i], limits);
  }
  return {
    codes,
    colors: [...scaleColors(scale, STEPS), MISSING],
    // What has no value lies below everything.
    order: ascending(values.length).sort((a, b) => rank(codes[a]) - rank(codes[b]) || a - b)
  };
}

/** The place of a value on a scale of 64 colours; the one after them is for what has none. */
export function stepOf(value: number | null, [least, most]: Limits): number {
  if (value === null) {
    return STEPS;
  }
  const share = most > least ? (value - least) / (most - least) : 0;
  return Math.min(STEPS - 1, Math.max(0, Math.floor(share * STEPS)));
}

function rank(code: number): number {
  return code === STEPS ? -1 : code;
}

function ascending(length: number): Uint32Array {
  return Uint32Array.from({ length }, (_, i) => i);
}

/** Which quantiles the colours are clipped to; a long tail would leave everything else dark. */
export type Clip = 'none' | '1' | '5';

// The quantiles that the server gives: 0.01, 0.05, 0.25, 0.5, 0.75, 0.95 and 0.99.
const CLIPPED: Record<Clip, readonly [number, number] | null> = {
  none: null,
  '1': [0, 6],
  '5': [1, 5]
};

/** From where to where the colours run, clipped to quantiles. */
export function limitsOf(numbers: Numbers, clip: Clip): Limits {
  const whole: Limits = [numbers.min ?? 0, numbers.max ?? 0];
  const places = CLIPPED[clip];
  const ends = places?.map(place => numbers.quantiles?.[place]);
  const [least, most] = ends ?? [];
  // Where most values are the same, as of a gene that few cells express, clipping leaves nothing.
  return typeof least === 'number' && typeof most === 'number' && most > least
    ? [least, most]
    : whole;
}

/** How all points look: what is hidden is left out, and what was not chosen is weaker. */
export function lookOf(
  paint: IPaint,
  hidden: ReadonlySet<number>,
  codes: readonly number[] | null,
  chosen: Int32Array | null,
  diameter: number
): ILook {
  const seen = hidden.size && codes ? paint.order.filter(i => !hidden.has(codes[i])) : paint.order;
  if (!chosen) {
    return { ...paint, order: seen, faded: null, diameter };
  }
  const faded = new Uint8Array(paint.codes.length).fill(1);
  for (const i of chosen) {
    faded[i] = 0;
  }
  // What was chosen lies above.
  const order = new Uint32Array(seen.length);
  let n = 0;
  for (const weak of [1, 0]) {
    for (const i of seen) {
      if (faded[i] === weak) {
        order[n++] = i;
      }
    }
  }
  return { ...paint, order, faded, diameter };
}
