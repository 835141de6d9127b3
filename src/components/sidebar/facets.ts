/** Which fields are offered as filters, and how they are called. */

import type { MetadataKeys } from '../../api/records';
import type { Translate } from '../words';

const MOST_FACETS = 12;

/** The fields of every dataset that are worth choosing by. */
const BUILT_IN = ['data_type', 'data_format', 'study_id'] as const;

// What people look for first, where an atlas has it; then what most datasets have.
const FAVOURITES = ['organism', 'tissue', 'disease', 'cell_type'];

const ENOUGH = 0.05;
const MANY_VALUES = 40;

/** Choose the filters of an atlas: those of the settings, else by how many datasets have a key. */
export function facetsOf(
  wished: readonly string[],
  found: MetadataKeys | undefined
): readonly string[] {
  if (wished.length) {
    return [...new Set(wished)].slice(0, MOST_FACETS);
  }
  const n = found?.n_datasets ?? 0;
  const useful = (found?.keys ?? []).filter(
    ({ key, n_datasets, n_values }) =>
      n_datasets >= ENOUGH * n &&
      // A title or a date of its own for each dataset is nothing to choose by.
      (n_values <= MANY_VALUES || n_values <= n_datasets / 2) &&
      (n_values < n_datasets || FAVOURITES.includes(plain(key))) &&
      (n_values > 1 || n_datasets < n)
  );
  const rank = (key: string) => {
    const at = FAVOURITES.indexOf(plain(key));
    return at < 0 ? FAVOURITES.length : at;
  };
  const sorted = [...useful].sort((a, b) => rank(a.key) - rank(b.key));
  return [...BUILT_IN, ...sorted.map(({ key }) => key)].slice(0, MOST_FACETS);
}

function plain(key: string): string {
  return key.toLowerCase().replace(/[\s-]+/g, '_');
}

/** What a field is called: `cell_type` is "Cell type". */
export function labelOf(t: Translate, field: string): string {
  switch (field) {
    case 'data_type':
      return t('Data type');
    case 'data_format':
      return t('Format');
    case 'study_id':
      return t('Study');
    case 'author':
      return t('Author');
    default: {
      const words = field.replace(/_+/g, ' ').trim() || field;
      return words.charAt(0).toLocaleUpperCase() + words.slice(1);
    }
  }
}

/** A choice of a time or a size, as the search has it behind the colon. */
export interface IRangeChoice {
  label: string;
  range: string | null;
}

const DAY_MS = 24 * 3600 * 1000;

/** The day so many days ago, as it is written in a search. */
export function daysAgo(days: number, now = Date.now()): string {
  const then = new Date(now - days * DAY_MS);
  const pad = (n: number) => String(n).padStart(2, '0');
  return `${then.getFullYear()}-${pad(then.getMonth() + 1)}-${pad(then.getDate())}`;
}

export function timeChoices(t: Translate, now = Date.now()): readonly IRangeChoice[] {
  return [
    { label: t('Any time'), range: null },
    { label: t('Today'), range: `>=${daysAgo(0, now)}` },
    { label: t('This week'), range: thisWeek(now) },
    { label: t('This month'), range: `>=${daysAgo(30, now)}` },
    { label: t('This year'), range: `>=${daysAgo(365, now)}` }
  ];
}

/** What "This week" means: the last seven days. */
export function thisWeek(now = Date.now()): string {
  return `>=${daysAgo(7, now)}`;
}

export function sizeChoices(t: Translate): readonly IRangeChoice[] {
  return [
    { label: t('Any size'), range: null },
    { label: t('Below 10 MB'), range: '<10000000' },
    { label: t('Below 100 MB'), range: '<100000000' },
    { label: t('Above 100 MB'), range: '>100000000' },
    { label: t('Above 1 GB'), range: '>1000000000' }
  ];
}
