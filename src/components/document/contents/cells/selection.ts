/** Which cells are chosen, and how code says so. */

import type { IPreviewQuery, IDatasetRef, VersionRecord } from '../../../../api/records';
import type { CatalogClient } from '../../../../api/client';
import { type Outline, enclosed } from '../plot/lasso';
import type { IPoints } from '../plot/points';
import type { Categories } from './coloring';
import { NO_VALUE, OTHERS } from './coloring';
import type { Choice } from './filterCode';

/** Cells inside of an outline, or those of some categories. */
export type Selection =
  | { kind: 'outline'; outline: Outline; points: Int32Array }
  | { kind: 'entries'; entries: ReadonlySet<number>; points: Int32Array };

export function byOutline(
  points: IPoints,
  outline: Outline,
  codes: readonly number[] | null,
  hidden: ReadonlySet<number>
): Selection {
  const counts = (i: number) => !codes || !hidden.has(codes[i]);
  return { kind: 'outline', outline, points: enclosed(points, outline, counts) };
}

export function byEntries(codes: readonly number[], entries: ReadonlySet<number>): Selection {
  const points: number[] = [];
  codes.forEach((code, i) => {
    if (entries.has(code)) {
      points.push(i);
    }
  });
  return { kind: 'entries', entries, points: Int32Array.from(points) };
}

/** The rows of the chosen cells in the table of observations, in its order. */
export function rowsOf(points: IPoints, selection: Selection): number[] {
  return Array.from(selection.points, i => points.rows[i]).sort((a, b) => a - b);
}

/** How many of the chosen cells are of each category, the most first. */
export function partsOf(
  categories: Categories,
  selection: Selection,
  words: (code: number) => string
): { name: string; n: number }[] {
  const counts = new Map<number, number>();
  for (const i of selection.points) {
    const code = categories.codes[i];
    counts.set(code, (counts.get(code) ?? 0) + 1);
  }
  return [...counts]
    .map(([code, n]) => ({ name: categories.categories[code] ?? words(code), n }))
    .sort((a, b) => b.n - a.n);
}

/** Up to as many cells are named one by one in code; more are told by their positions. */
export const NAMED_AT_MOST = 500;
/** Up to as many names are read to be copied. */
export const COPIED_AT_MOST = 5000;

// Names are asked for by an address, which servers and proxies cut at about 8 kB.
const NAMES_AT_ONCE = 500;

/** Read the names of rows, some hundreds at a time. */
export async function readNames(
  client: CatalogClient,
  dataset: IDatasetRef,
  version: VersionRecord,
  modality: string,
  rows: readonly number[]
): Promise<string[]> {
  const found: string[] = [];
  for (let from = 0; from < rows.length; from += NAMES_AT_ONCE) {
    const query: IPreviewQuery = {
      kind: 'names',
      modality: modality || undefined,
      rows: rows.slice(from, from + NAMES_AT_ONCE)
    };
    const { names, problems } = await client.preview(dataset, version.version_id, query);
    if (!names) {
      throw new Error(problems?.join(' ') ?? '');
    }
    found.push(...names.names);
  }
  return found;
}

export interface IChoiceContext {
  points: IPoints;
  selection: Selection;
  /** The obs column that colours the points, and its categories. */
  column: string | null;
  categories: Categories | null;
  hidden: ReadonlySet<number>;
  key: string;
  dimensions: readonly number[];
  /** Some cells are not drawn. */
  sampled: boolean;
  /** Each cell has a name of its own. */
  distinct: boolean;
  readNames: (rows: readonly number[]) => Promise<string[]>;
}

/** Say exactly which cells were chosen, in the way that holds for all of them. */
export async function choiceOf(context: IChoiceContext): Promise<Choice> {
  const { selection, points, categories, column, sampled } = context;
  const listed = selection.kind === 'entries' && !selection.entries.has(OTHERS);
  if (selection.kind === 'entries' && listed && categories && column !== null) {
    const codes = [...selection.entries];
    return {
      kind: 'categories',
      column,
      values: codes.filter(code => code >= 0).map(code => categories.categories[code]),
      missing: codes.includes(NO_VALUE)
    };
  }
  if (selection.kind === 'outline' && sampled && !context.hidden.size) {
    const corners = selection.outline.map(([x, y]) => points.toData(x, y));
    return { kind: 'outline', key: context.key, dimensions: context.dimensions, corners };
  }
  const rows = rowsOf(points, selection);
  const how = selection.kind === 'outline' ? `inside of an outline on ${context.key}` : 'chosen';
  return context.distinct && rows.length <= NAMED_AT_MOST
    ? { kind: 'names', names: await context.readNames(rows), how }
    : { kind: 'rows', rows, how };
}
