/**
 * A search as it is typed: words, and terms such as `tissue:lung`.
 *
 * The server understands the grammar (docs/guide/search.md). Here a text is only cut into its
 * pieces, so that terms can be shown as tokens and put in and taken out by the filters.
 */

import type { Filter } from '../../api/records';

export interface ITerm {
  /** As it is typed: `-tissue:"bone marrow"`. */
  raw: string;
  key: string;
  /** What stands behind the colon, without quotes. */
  value: string;
  negated: boolean;
}

export interface ISearch {
  terms: readonly ITerm[];
  words: string;
  /** Choices that cannot be written as a term: a value with a comma, a key with a space. */
  chosen: Readonly<Record<string, readonly string[]>>;
}

export const NO_SEARCH: ISearch = { terms: [], words: '', chosen: {} };

/** Names that the grammar has for fields of a dataset; a metadata key of that name is hidden. */
const ALIASES: Record<string, string> = {
  id: 'dataset_id',
  type: 'data_type',
  format: 'data_format',
  study: 'study_id',
  created: 'created_at',
  modified: 'last_modified_at'
};
const NAMES = new Map(Object.entries(ALIASES).map(([name, field]) => [field, name]));

// A word with quoted parts in it: tissue:"bone marrow". A quote that is open goes to the end.
const PIECE = /(?:"[^"]*(?:"|$)|'[^']*(?:'|$)|[^\s"'])+/g;
const TERM = /^(-?)([^\s:"']+):(.*)$/s;

/** Cut a text into its terms and words. */
export function parseSearch(text: string): Pick<ISearch, 'terms' | 'words'> {
  const terms: ITerm[] = [];
  const words: string[] = [];
  for (const piece of text.match(PIECE) ?? []) {
    const term = parseTerm(piece);
    if (term) {
      terms.push(term);
    } else {
      words.push(piece);
    }
  }
  return { terms, words: words.join(' ') };
}

export function parseTerm(piece: string): ITerm | null {
  const found = TERM.exec(piece);
  if (!found || piece.includes('://')) {
    return null;
  }
  const [, minus, key, value] = found;
  return { raw: piece, key, value: unquoted(value), negated: minus === '-' };
}

function unquoted(text: string): string {
  return text.replace(/"([^"]*)("|$)|'([^']*)('|$)/g, (_, double: string, __, single: string) =>
    String(double ?? single ?? '')
  );
}

/** The whole search as it would be typed; what cannot be is left out. */
export function textOf(search: ISearch): string {
  return [...search.terms.map(term => term.raw), search.words].filter(Boolean).join(' ');
}

export function isEmpty(search: ISearch): boolean {
  return !search.words.trim() && !nFilters(search);
}

/** How many filters are on. */
export function nFilters(search: ISearch): number {
  return search.terms.length + Object.keys(search.chosen).length;
}

/** What of a search is asked of the server. */
export function questionOf(search: ISearch): { search?: string; where?: Filter[] } {
  const text = [...search.terms.map(term => term.raw), ...unfinished(search.words)].join(' ');
  const where = Object.entries(search.chosen).map(([field, values]): Filter => [
    field,
    'in',
    values
  ]);
  return { search: text || undefined, where: where.length ? where : undefined };
}

/**
 * What is meant by words that are still being typed: the term at their end is looked for by its
 * beginning, so that the list narrows down instead of being empty until the last letter.
 */
function unfinished(words: string): string[] {
  const pieces = words.match(PIECE) ?? [];
  const last = parseTerm(pieces[pieces.length - 1] ?? '');
  if (!last) {
    return pieces.map(piece => piece.replace(/["']/g, ' ').trim()).filter(Boolean);
  }
  const before = unfinished(pieces.slice(0, -1).join(' '));
  if (last.value === '') {
    return before;
  }
  const isPart = !last.negated && !OPERATOR.test(last.value) && !last.value.includes(',');
  return [...before, isPart ? `${last.key}:~"${last.value.replace(/"/g, ' ')}"` : last.raw];
}

/** The finished terms of what was typed become terms of the search. */
export function committed(search: ISearch, isFinished: boolean): ISearch {
  const pieces = search.words.match(PIECE) ?? [];
  const open = isFinished || /\s$/.test(search.words) ? null : (pieces.pop() ?? null);
  const found = parseSearch(pieces.join(' '));
  if (!found.terms.length) {
    return search;
  }
  const words = [found.words, open].filter(word => word !== null).join(' ');
  return { ...search, terms: [...search.terms, ...found.terms], words };
}

/** The words that are looked for, each as it may stand in a text. */
export function wordsOf(search: ISearch): string[] {
  return search.words.match(/[\p{L}\p{N}]+/gu) ?? [];
}

// -- filters of a field

/** How a field is called in a search: `type` for `data_type`. */
export function nameOf(field: string): string {
  return NAMES.get(field) ?? field;
}

function isWritable(field: string, values: readonly string[]): boolean {
  const plainKey = /^[^\s:"'-][^\s:"']*$/.test(field) && !(field in ALIASES);
  return plainKey && values.every(value => value !== '' && !/[",\\]|^[*~<>=!]/.test(value));
}

function written(field: string, values: readonly string[]): ITerm {
  const value = values.join(',');
  const quoted = /[\s']/.test(value) ? `"${value}"` : value;
  return { raw: `${nameOf(field)}:${quoted}`, key: nameOf(field), value, negated: false };
}

const OPERATOR = /^(?:[~<>=]|!=)|^\*$|^$/;

/** Whether a term chooses values of a field, as a facet does. */
function choosesValues(term: ITerm, field: string): boolean {
  return !term.negated && term.key === nameOf(field) && !OPERATOR.test(term.value);
}

/** The values of a field that are chosen. */
export function valuesOf(search: ISearch, field: string): readonly string[] {
  const terms = search.terms.filter(term => choosesValues(term, field));
  const typed = terms.flatMap(term => term.value.split(',')).filter(Boolean);
  return [...typed, ...(search.chosen[field] ?? [])];
}

/** Choose other values of a field: any of them is meant. */
export function withValues(search: ISearch, field: string, values: readonly string[]): ISearch {
  const at = search.terms.findIndex(term => choosesValues(term, field));
  const terms = search.terms.filter(term => !choosesValues(term, field));
  const chosen = Object.fromEntries(
    Object.entries(search.chosen).filter(([other]) => other !== field)
  );
  if (!values.length) {
    return { ...search, terms, chosen };
  }
  if (!isWritable(field, values)) {
    return { ...search, terms, chosen: { ...chosen, [field]: values } };
  }
  terms.splice(at < 0 ? terms.length : at, 0, written(field, values));
  return { ...search, terms, chosen };
}

/** The same value is chosen or not: `blood` and `Blood` are one to the server. */
export function hasValue(values: readonly string[], value: string): boolean {
  const sought = value.toLocaleLowerCase();
  return values.some(one => one.toLocaleLowerCase() === sought);
}

export function toggleValue(search: ISearch, field: string, value: string): ISearch {
  const before = valuesOf(search, field);
  const sought = value.toLocaleLowerCase();
  const after = hasValue(before, value)
    ? before.filter(one => one.toLocaleLowerCase() !== sought)
    : [...before, value];
  return withValues(search, field, after);
}

/** Put a range in the place of another of the same key: `modified:>=2026-11-14`; null for none. */
export function withRange(search: ISearch, key: string, range: string | null): ISearch {
  const terms = search.terms.filter(term => !isRange(term, key));
  const term = range === null ? null : parseTerm(`${key}:${range}`);
  return { ...search, terms: term ? [...terms, term] : terms };
}

export function rangeOf(search: ISearch, key: string): string | null {
  return search.terms.find(term => isRange(term, key))?.value ?? null;
}

function isRange(term: ITerm, key: string): boolean {
  return !term.negated && term.key === key && /^[<>]/.test(term.value);
}

/** The search without what it says of one field: what its other values are counted over. */
export function withoutField(search: ISearch, field: string): ISearch {
  return withValues(search, field, []);
}
