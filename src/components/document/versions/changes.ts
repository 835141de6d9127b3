/** What a comparison of two versions says, as the server gives it. */

import type { DiffAnswer } from '../../../api/records';

/** What happened to the names of an axis; null where it is not known. */
export interface IAxis {
  was: number | null;
  now: number | null;
  added: number | null;
  removed: number | null;
  kept: number | null;
  reordered: boolean | null;
}

/** What is known of an element on one side. */
export interface IBrief {
  kind: string;
  dtype?: string;
  shape?: readonly number[];
  n_categories?: number;
  categories?: Readonly<Record<string, number>>;
  colors?: Readonly<Record<string, string>>;
  min?: number;
  max?: number;
  median?: number;
  histogram?: readonly number[];
  preview?: string;
}

export interface IWasNow<T = unknown> {
  was: T;
  now: T;
}

export interface IElementChange extends IWasNow<IBrief> {
  what: string;
}

export interface IParts<T> {
  added: Readonly<Record<string, T>>;
  removed: Readonly<Record<string, T>>;
}

export interface IChanges {
  same: boolean;
  data_changed: boolean;
  obs: IAxis;
  var: IAxis;
  rows: { was: number | null; now: number | null };
  elements: IParts<IBrief> & { changed: Readonly<Record<string, IElementChange>> };
  modalities: {
    added: readonly string[];
    removed: readonly string[];
    shared: Readonly<Record<string, { obs: IAxis; var: IAxis }>>;
  };
  ids: Readonly<Record<string, { added: readonly string[]; removed: readonly string[] }>>;
  metadata: IParts<unknown> & { changed: Readonly<Record<string, IWasNow>> };
  facts: Readonly<Record<string, IWasNow>>;
  problems: { added: readonly string[]; removed: readonly string[] };
}

/** The server's schema says "an object" of it; what is in it is said in `Diff.to_dict`. */
export function changesOf(answer: DiffAnswer): IChanges {
  return answer.changes as unknown as IChanges;
}

/** What changed in words, a line each. */
export function linesOf(answer: DiffAnswer): string[] {
  return answer.summary
    .split('\n')
    .filter(line => line.trim() !== '')
    .map(withArrows);
}

// What says no more than that cells or genes came or went, of columns that are as they were.
const FOLLOWS = [
  /: [\d,.\s]+ categor(?:y|ies) recounted: /,
  /: (?:subset|extended|reordered|other|unknown), values not compared$/
];

/** The lines without those that only follow from cells or genes that came or went. */
export function mainLinesOf(answer: DiffAnswer): string[] {
  const lines = linesOf(answer);
  const { obs, var: genes } = changesOf(answer);
  const moved = [obs, genes].some(axis => axis.added || axis.removed);
  const main = lines.filter(line => !moved || !FOLLOWS.some(pattern => pattern.test(line)));
  return main.length ? main : lines;
}

/** The arrows of a terminal as those of a page; names of the data, in backticks, stay as they are. */
function withArrows(line: string): string {
  return line
    .split('`')
    .map((piece, i) => (i % 2 ? piece : piece.replaceAll(' -> ', ' → ')))
    .join('`');
}

// -- elements

/** Where an element belongs: the modality, the slot, and its name in that. */
export interface IPlace {
  modality: string;
  slot: string;
  name: string;
}

const TWO_PART = ['raw/varm', 'raw/var'];
const WHOLE = ['X', 'raw/X'];

/** Read an element's path: `mod/rna/obs/leiden` is `leiden` in `obs` of `rna`. */
export function placeOf(path: string): IPlace {
  const inModality = /^mod\/([^/]+)\/([^]+)$/.exec(path);
  const modality = inModality?.[1] ?? '';
  const own = inModality?.[2] ?? path;
  if (WHOLE.includes(own)) {
    return { modality, slot: own, name: own };
  }
  const slot = TWO_PART.find(one => own.startsWith(`${one}/`)) ?? own.split('/', 1)[0];
  return { modality, slot, name: own.slice(slot.length + 1) || own };
}

export type ElementRow =
  | { kind: 'added' | 'removed'; path: string; name: string; element: IBrief }
  | { kind: 'changed'; path: string; name: string; change: IElementChange };

export interface ISection {
  modality: string;
  slot: string;
  rows: ElementRow[];
  /** Those that differ only because cells or genes came or went. */
  followed: number;
}

// Nothing is known of them but that their axis is another one.
const ONLY_AXES = /^(subset|extended|reordered|other|unknown), values not compared$/;

/** What changed, by modality and slot; matrices first, then columns, in the order of AnnData. */
export function sectionsOf({ elements }: IChanges): ISection[] {
  const sections = new Map<string, ISection>();
  const sectionOf = ({ modality, slot }: IPlace): ISection => {
    const key = `${modality}\n${slot}`;
    const found = sections.get(key) ?? { modality, slot, rows: [], followed: 0 };
    sections.set(key, found);
    return found;
  };
  for (const kind of ['added', 'removed'] as const) {
    for (const [path, element] of Object.entries(elements[kind])) {
      const place = placeOf(path);
      sectionOf(place).rows.push({ kind, path, name: place.name, element });
    }
  }
  for (const [path, change] of Object.entries(elements.changed)) {
    const place = placeOf(path);
    const section = sectionOf(place);
    if (ONLY_AXES.test(change.what) || isRecounted(change)) {
      section.followed += 1;
    } else {
      section.rows.push({ kind: 'changed', path, name: place.name, change });
    }
  }
  return [...sections.values()]
    .filter(section => section.rows.length > 0)
    .sort((a, b) => a.modality.localeCompare(b.modality) || rank(a.slot) - rank(b.slot));
}

const RECOUNTED = /^categories; (subset|extended|reordered|other), values not compared$/;

/** It has the categories that it had, of fewer or more cells: how many is in a table of its own. */
function isRecounted({ what, was, now }: IElementChange): boolean {
  const names = ({ categories }: IBrief) =>
    Object.keys(categories ?? {})
      .sort()
      .join('\n');
  return RECOUNTED.test(what) && was.n_categories === now.n_categories && names(was) === names(now);
}

const ORDER = ['X', 'raw/X', 'obs', 'var', 'columns', 'layers', 'obsm', 'varm', 'obsp', 'varp'];

function rank(slot: string): number {
  const at = ORDER.indexOf(slot);
  return at < 0 ? ORDER.length : at;
}

/** The columns of cells whose categories lost or gained some, those of few categories first. */
export function categoryChanges({
  elements
}: IChanges): { name: string; change: IElementChange }[] {
  return Object.entries(elements.changed)
    .filter(([path, { was, now }]) => path.startsWith('obs/') && was.categories && now.categories)
    .map(([path, change]) => ({ name: path.slice('obs/'.length), change }))
    .sort((a, b) => (a.change.was.n_categories ?? 0) - (b.change.was.n_categories ?? 0));
}
