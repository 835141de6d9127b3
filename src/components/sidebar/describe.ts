/** What a row says of a dataset: its shape, and why the search found it. */

import type { DatasetRecord, VersionRecord } from '../../api/records';
import { shape, visible } from '../base';
import type { Translate } from '../words';

/** The shape of a version: observations first; outside of single cell with the words. */
export function shapeOf(t: Translate, version: VersionRecord): string | null {
  if (!version.shape) {
    return null;
  }
  return shape(version.shape, dimensions(t, version.data_format ?? ''));
}

function dimensions(t: Translate, format: string): readonly string[] {
  if (/^gctx?(\+|$)/.test(format)) {
    return [t('samples'), t('genes')];
  }
  return /^(g?vcf|bcf)(\+|$)/.test(format) ? [t('samples'), t('variants')] : [];
}

/** The second line of a row: `700 × 765 · h5ad · v5`. */
export function factsOf(t: Translate, version: VersionRecord): string {
  const format = version.data_format?.replace('+gzip', '.gz');
  return [shapeOf(t, version), format, `v${version.seq}`].filter(Boolean).join(' · ');
}

const MOST_LOOKED_AT = 400;
const SHOWN_OF_VALUE = 120;

/**
 * Why a search found a dataset, where its id does not say so: the first value of its study, type
 * or metadata that has a word which the id lacks. Null where nothing is to be said.
 */
export function reasonOf(
  t: Translate,
  record: DatasetRecord,
  words: readonly string[]
): IReason | null {
  if (!words.length) {
    return null;
  }
  const before = known.get(record);
  if (before?.words === words) {
    return before.reason;
  }
  const reason = sought(t, record, words);
  known.set(record, { words, reason });
  return reason;
}

export interface IReason {
  key: string;
  value: string;
}

// A list asks for the height of all its rows, and a row for what it says.
const known = new WeakMap<DatasetRecord, { words: readonly string[]; reason: IReason | null }>();

function sought(t: Translate, record: DatasetRecord, words: readonly string[]): IReason | null {
  const missing = words.filter(word => !holds(record.dataset_id, word));
  if (!missing.length) {
    return null;
  }
  for (const [key, value] of valuesOf(t, record)) {
    if (missing.some(word => holds(value, word))) {
      return { key, value: around(value, missing) };
    }
  }
  return null;
}

function* valuesOf(t: Translate, record: DatasetRecord): Generator<[string, string]> {
  if (record.study_id) {
    yield [t('study'), record.study_id];
  }
  yield [t('type'), record.version.data_type];
  const left: [string, unknown][] = Object.entries(record.version.metadata ?? {});
  for (let n = 0; left.length && n < MOST_LOOKED_AT; n++) {
    const [key, value] = left.shift() as [string, unknown];
    if (Array.isArray(value)) {
      left.unshift(...value.slice(0, MOST_LOOKED_AT).map((one): [string, unknown] => [key, one]));
    } else if (typeof value === 'object' && value !== null) {
      left.unshift(
        ...Object.entries(value).map(([name, one]): [string, unknown] => [`${key}.${name}`, one])
      );
    } else if (typeof value === 'string' || typeof value === 'number') {
      yield [key, String(value)];
    }
  }
}

/** Whether a text has a word that begins so, as the search looks for it. */
function holds(text: string, word: string): boolean {
  const at = text.toLocaleLowerCase().indexOf(word.toLocaleLowerCase());
  return at >= 0;
}

/** The part of a long value in which the word stands. */
function around(value: string, words: readonly string[]): string {
  const lower = value.toLocaleLowerCase();
  const at = Math.min(
    ...words.map(word => lower.indexOf(word.toLocaleLowerCase())).filter(found => found >= 0)
  );
  const from = Math.max(0, at - 16);
  const part = value.slice(from, from + SHOWN_OF_VALUE);
  return visible(`${from > 0 ? '…' : ''}${part}${from + SHOWN_OF_VALUE < value.length ? '…' : ''}`);
}
