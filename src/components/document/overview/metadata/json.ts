/** Metadata as JSON text: where it is wrong. */

import type { Metadata } from '../../../../api/records';

export interface IJsonProblem {
  kind: 'syntax' | 'not-an-object' | 'empty-key' | 'not-exact';
  /** Counted from 1; null where the browser does not say. */
  line: number | null;
  column: number | null;
  /** The offset in the text. */
  at: number | null;
}

export type ParsedJson =
  { metadata: Metadata; problem: null } | { metadata: null; problem: IJsonProblem };

/** Read metadata from text. */
export function parseMetadata(text: string): ParsedJson {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (reason) {
    return wrong('syntax', positionOf(text, reason instanceof Error ? reason.message : ''));
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return wrong('not-an-object', 0, text);
  }
  const emptyKey = /[{,]\s*(""\s*:)/.exec(text);
  if (emptyKey && hasEmptyKey(value)) {
    return wrong('empty-key', emptyKey.index + 1, text);
  }
  const inexact = firstInexact(text);
  if (inexact !== null) {
    return wrong('not-exact', inexact, text);
  }
  return { metadata: value as Metadata, problem: null };
}

/** Write metadata as a person edits them. */
export function formatMetadata(metadata: Metadata): string {
  return JSON.stringify(metadata, null, 2);
}

function wrong(kind: IJsonProblem['kind'], at: number | null, text?: string): ParsedJson;
function wrong(kind: IJsonProblem['kind'], at: Partial<IJsonProblem>): ParsedJson;
function wrong(
  kind: IJsonProblem['kind'],
  at: number | null | Partial<IJsonProblem>,
  text = ''
): ParsedJson {
  const place = typeof at === 'number' ? placeOf(text, at) : (at ?? {});
  return { metadata: null, problem: { kind, line: null, column: null, at: null, ...place } };
}

function placeOf(text: string, at: number): Partial<IJsonProblem> {
  const before = text.slice(0, at).split('\n');
  return { at, line: before.length, column: before[before.length - 1].length + 1 };
}

/** The place that a browser's message names: an offset, or a line and column. */
function positionOf(text: string, message: string): Partial<IJsonProblem> {
  const offset = /position (\d+)/.exec(message);
  if (offset) {
    return placeOf(text, Number(offset[1]));
  }
  const place = /line (\d+) column (\d+)/.exec(message);
  if (place) {
    const [line, column] = [Number(place[1]), Number(place[2])];
    const lines = text.split('\n').slice(0, line - 1);
    const at = lines.reduce((sum, one) => sum + one.length + 1, 0) + column - 1;
    return { line, column, at };
  }
  // All browsers but Safari say where; an end that is missing has no position.
  return /end of|unterminated|EOF/i.test(message) ? placeOf(text, text.length) : {};
}

function hasEmptyKey(value: unknown): boolean {
  return (
    typeof value === 'object' &&
    value !== null &&
    ((!Array.isArray(value) && Object.hasOwn(value, '')) || Object.values(value).some(hasEmptyKey))
  );
}

/** The offset of the first whole number outside of a text that JavaScript would round. */
function firstInexact(text: string): number | null {
  for (const found of text.matchAll(/"(?:[^"\\]|\\.)*"|-?\d{16,}(?![\d.eE])/g)) {
    if (!found[0].startsWith('"') && !Number.isSafeInteger(Number(found[0]))) {
      return found.index;
    }
  }
  return null;
}
