/** What a heat map shows: a block of values, its names, and its colours. */

import type { Preview } from '../../../../api/records';
import { type Scale, channels, colorAt, scaleColors } from '../plot/palette';

export type Matrix = NonNullable<Preview['matrix']>;
export type Field = NonNullable<Matrix['column_fields']>[number];

/** Blocks that lie beside each other, as one. */
export interface IBlock {
  source: string;
  rowAxis: Matrix['row_axis'];
  nRows: number;
  nColumns: number;
  /** The position of the first row and column in the whole. */
  rowOffset: number;
  columnOffset: number;
  rowNames: readonly string[];
  /** What people call the rows, where that is known. */
  rowLabels: readonly string[];
  columnNames: readonly string[];
  fields: readonly Field[];
  values: readonly (readonly (number | null)[])[];
}

export function joined(blocks: readonly Matrix[]): IBlock {
  const [first] = blocks;
  const labels = first.row_fields?.[0]?.values;
  return {
    source: first.source,
    rowAxis: first.row_axis,
    nRows: first.n_rows,
    nColumns: first.n_columns,
    rowOffset: first.rows[0] ?? 0,
    columnOffset: first.columns[0] ?? 0,
    rowNames: first.row_names,
    rowLabels: first.row_names.map((name, i) => String(labels?.[i] ?? name)),
    columnNames: blocks.flatMap(block => block.column_names),
    fields: (first.column_fields ?? []).map((field, i) => ({
      ...field,
      values: blocks.flatMap(block => block.column_fields?.[i]?.values ?? [])
    })),
    values: first.values.map((row, r) => [
      ...row,
      ...blocks.slice(1).flatMap(b => b.values[r] ?? [])
    ])
  };
}

export type Show = 'value' | 'zscore';

/** The values that are drawn, and from where to where their colours run. */
export interface IDrawn {
  values: readonly (readonly (number | null)[])[];
  limits: readonly [number, number];
  scale: Scale;
}

const FAR = 3;

export function drawnOf(block: IBlock, show: Show): IDrawn {
  if (show === 'zscore') {
    return { values: block.values.map(standardized), limits: [-FAR, FAR], scale: 'diverging' };
  }
  let [least, most] = [Infinity, -Infinity];
  for (const row of block.values) {
    for (const value of row) {
      if (value !== null) {
        least = Math.min(least, value);
        most = Math.max(most, value);
      }
    }
  }
  return { values: block.values, limits: least <= most ? [least, most] : [0, 0], scale: 'viridis' };
}

/** How far each value of a row is from the row's mean, in its standard deviations. */
export function standardized(row: readonly (number | null)[]): (number | null)[] {
  const known = row.filter(value => value !== null);
  const mean = known.reduce((sum, value) => sum + value, 0) / Math.max(1, known.length);
  const square = known.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  const deviation = Math.sqrt(square / Math.max(1, known.length - 1));
  return row.map(value => (value === null ? null : deviation > 0 ? (value - mean) / deviation : 0));
}

const STEPS = 128;

/** An image of a pixel a cell. */
export function imageOf({ values, limits, scale }: IDrawn, missing: string): ImageData | null {
  const height = values.length;
  const width = values[0]?.length ?? 0;
  if (!width || !height) {
    return null;
  }
  const colors = scaleColors(scale, STEPS).map(channels);
  const none = channels(missing);
  const [least, most] = limits;
  const image = new ImageData(width, height);
  let at = 0;
  for (const row of values) {
    for (const value of row) {
      const share = value === null || most <= least ? 0.5 : (value - least) / (most - least);
      const step = Math.min(STEPS - 1, Math.max(0, Math.floor(share * STEPS)));
      const [r, g, b] = value === null ? none : colors[step];
      image.data.set([r, g, b, 255], at);
      at += 4;
    }
  }
  return image;
}

/** A bar of annotation above the columns: a colour for each, and what they mean. */
export interface IAnnotation {
  name: string;
  colors: readonly (string | null)[];
  /** The categories with their colours; null of numbers. */
  legend: readonly { name: string; color: string; n: number }[] | null;
}

const MOST_LEGEND = 20;

export function annotationOf(field: Field): IAnnotation {
  const numbers = field.values.filter(value => typeof value === 'number');
  if (numbers.length) {
    return { name: field.name, colors: shades(field, numbers), legend: null };
  }
  const counts = new Map<string, number>();
  for (const value of field.values) {
    if (value !== null) {
      counts.set(String(value), (counts.get(String(value)) ?? 0) + 1);
    }
  }
  const names = [...counts.keys()];
  const color = new Map(names.map((name, i) => [name, colorAt(i)]));
  return {
    name: field.name,
    colors: field.values.map(value => (value === null ? null : (color.get(String(value)) ?? null))),
    legend:
      names.length <= MOST_LEGEND
        ? names.map(name => ({ name, color: color.get(name) ?? '', n: counts.get(name) ?? 0 }))
        : null
  };
}

const BLUES = ['#dbe9f6', '#1565c0'].map(channels);

function shades(field: Field, numbers: readonly number[]): (string | null)[] {
  const least = Math.min(...numbers);
  const most = Math.max(...numbers);
  return field.values.map(value => {
    if (typeof value !== 'number') {
      return null;
    }
    const share = most > least ? (value - least) / (most - least) : 0.5;
    const mixed = BLUES[0].map((from, c) => Math.round(from + (BLUES[1][c] - from) * share));
    return `rgb(${mixed.join(' ')})`;
  });
}

/** Whether a field says something about the columns: not the same of all of them. */
export function tells(field: Field): boolean {
  return new Set(field.values.filter(value => value !== null)).size > 1;
}

/** The middle of what is known. */
export function median(values: readonly (number | null)[]): number | null {
  const known = values.filter(value => value !== null).sort((a, b) => a - b);
  const middle = known.length >> 1;
  if (!known.length) {
    return null;
  }
  return known.length % 2 ? known[middle] : (known[middle - 1] + known[middle]) / 2;
}

/** The median of each column, and how far from the others is unusual: three times the MAD. */
export interface IPerColumn {
  medians: readonly (number | null)[];
  bounds: readonly [number, number] | null;
  middle: number | null;
}

// For normal values the median absolute deviation times this is the standard deviation.
const OF_NORMAL = 1.4826;

export function perColumn(values: readonly (readonly (number | null)[])[]): IPerColumn {
  const n = values[0]?.length ?? 0;
  const medians = Array.from({ length: n }, (_, c) => median(values.map(row => row[c])));
  const middle = median(medians);
  if (middle === null) {
    return { medians, bounds: null, middle };
  }
  const away =
    median(medians.map(value => (value === null ? null : Math.abs(value - middle)))) ?? 0;
  const far = FAR * OF_NORMAL * away;
  return { medians, bounds: far > 0 ? [middle - far, middle + far] : null, middle };
}
