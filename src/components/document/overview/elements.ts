/** The elements of a summary, sorted into what people look for. */

import type { Element, Summary } from '../../../api/records';

/** A column of obs, of var, or of a table. */
export interface IColumn {
  name: string;
  element: Element;
}

export interface IPart {
  name: string;
  element: Element;
}

/** What is in one annotated matrix: the whole of an AnnData, or a modality of a MuData. */
export interface IAnnotated {
  /** Before each path of its elements: `mod/rna/`, or nothing. */
  prefix: string;
  nObs: number | null;
  nVars: number | null;
  x: Element | undefined;
  rawX: Element | undefined;
  obs: IColumn[];
  var: IColumn[];
  layers: IPart[];
  embeddings: IPart[];
  obsp: IPart[];
  varm: IPart[];
  varp: IPart[];
  /** The names at the top of `uns`, without the colours of columns. */
  uns: string[];
}

/** Facts that a summary has about a modality. */
export interface IModality {
  name: string;
  looksLike: string | null;
  countsIn: string | null;
}

const COLORS = /^[^/]+_colors$/;

/** Sort the elements that begin with `prefix`. */
export function annotated(summary: Summary, prefix = ''): IAnnotated {
  const found: IAnnotated = {
    prefix,
    nObs: axis(summary, `${prefix}obs_names`) ?? (prefix ? null : summary.n_obs),
    nVars: axis(summary, `${prefix}var_names`) ?? (prefix ? null : summary.n_vars),
    x: summary.elements?.[`${prefix}X`],
    rawX: summary.elements?.[`${prefix}raw/X`],
    obs: [],
    var: [],
    layers: [],
    embeddings: [],
    obsp: [],
    varm: [],
    varp: [],
    uns: []
  };
  const uns = new Set<string>();
  const rooms: Record<string, IPart[]> = {
    obs: found.obs,
    var: found.var,
    layers: found.layers,
    obsm: found.embeddings,
    obsp: found.obsp,
    varm: found.varm,
    varp: found.varp
  };
  for (const [path, element] of Object.entries(summary.elements ?? {})) {
    if (!path.startsWith(prefix)) {
      continue;
    }
    const at = path.indexOf('/', prefix.length);
    const room = at < 0 ? '' : path.slice(prefix.length, at);
    const name = path.slice(at + 1);
    if (Object.hasOwn(rooms, room)) {
      rooms[room].push({ name, element });
    } else if (room === 'uns') {
      if (!COLORS.test(name)) {
        uns.add(name.split('/', 1)[0]);
      }
    }
  }
  found.embeddings = merged(found.embeddings);
  found.uns = [...uns];
  return found;
}

/** A data frame in obsm has an element for each column: it is one embedding. */
function merged(parts: readonly IPart[]): IPart[] {
  const seen = new Map<string, IPart>();
  for (const part of parts) {
    const name = part.name.split('/', 1)[0];
    const before = seen.get(name);
    if (!before) {
      seen.set(name, { name, element: part.element });
    } else {
      const rows = before.element.shape?.[0] ?? 0;
      const columns = (before.element.shape?.[1] ?? 1) + 1;
      before.element = { ...before.element, shape: [rows, columns] };
    }
  }
  return [...seen.values()];
}

function axis(summary: Summary, path: string): number | null {
  return summary.elements?.[path]?.shape?.[0] ?? null;
}

/** The columns of a table. */
export function tableColumns(summary: Summary): IColumn[] {
  return Object.entries(summary.elements ?? {})
    .filter(([path]) => path.startsWith('columns/'))
    .map(([path, element]) => ({ name: path.slice('columns/'.length), element }));
}

/** The modalities of a MuData, in the order of the file. */
export function modalities(summary: Summary): IModality[] {
  const listed = summary.details?.modalities;
  if (typeof listed !== 'object' || listed === null) {
    return [];
  }
  return Object.entries(listed as Record<string, Record<string, unknown>>).map(([name, facts]) => ({
    name,
    looksLike: text(facts?.x_looks_like),
    countsIn: text(facts?.counts_in)
  }));
}

function text(value: unknown): string | null {
  return typeof value === 'string' ? value : null;
}

export type ColumnKind = 'category' | 'boolean' | 'number' | 'text' | 'date' | 'other';

/** What a column's values are, as it is shown. */
export function columnKind(element: Element): ColumnKind {
  const dtype = element.dtype ?? '';
  if (/^bool/i.test(dtype)) {
    return 'boolean';
  }
  if (element.kind === 'categorical') {
    return 'category';
  }
  if (/^(u?int|float)/i.test(dtype)) {
    return 'number';
  }
  if (/datetime|timedelta|date/i.test(dtype)) {
    return 'date';
  }
  // A text column of a table that repeats its values tells how often, as a category does.
  if (/^(str|object)/i.test(dtype)) {
    return element.categories ? 'category' : 'text';
  }
  return 'other';
}

/** The type of a column in a word. */
export function typeWord(element: Element): string {
  return element.kind === 'categorical' ? 'category' : (element.dtype ?? element.kind);
}

/** What is known of categories, in a summary or in a comparison of two. */
interface ICategories {
  categories?: Readonly<Record<string, number>> | null;
  colors?: Readonly<Record<string, string>> | null;
}

/** The categories of a column, the most frequent first. */
export function byFrequency(element: ICategories): { name: string; n: number }[] {
  // An object puts keys that look like whole numbers first, whatever order they were written in.
  return Object.entries(element.categories ?? {})
    .map(([name, n]) => ({ name, n }))
    .sort((a, b) => b.n - a.n);
}

/** The file's own colour of a category; undefined where it has none. */
export function colorOf({ colors }: ICategories, name: string): string | undefined {
  // A category may be called `constructor`.
  return colors && Object.hasOwn(colors, name) ? colors[name] : undefined;
}
