/** The rows of the tree: studies, their datasets, and what stands for those not read yet. */

import { Unreachable } from '../../api/errors';
import type { DatasetRecord } from '../../api/records';
import type { IStudyRows, IWantedStudy } from './reading';

export type TreeRow =
  | { kind: 'study'; key: string; study: string | null; n: number; open: boolean }
  | { kind: 'dataset'; key: string; record: DatasetRecord }
  | { kind: 'more'; key: string; study: string | null; left: number }
  | { kind: 'pending'; key: string; study: string | null }
  | { kind: 'failed'; key: string; study: string | null; error: Error };

export interface IStudyCount {
  /** Null for the datasets that are in none. */
  study: string | null;
  n: number;
}

/** As many datasets of a study are read first, and at all. */
export const FIRST_OF_STUDY = 100;
export const MOST_OF_STUDY = 1000;
/** As many studies are told apart. */
export const MOST_STUDIES = 2000;

const OPEN_ROWS = 30;
const OPEN_STUDIES = 8;

/** The studies of what was found, by name, the datasets in none last. */
export function studiesOf(
  counts: Readonly<Record<string, number>>,
  total: number | null
): readonly IStudyCount[] {
  const studies = Object.entries(counts).map(([study, n]) => ({ study, n }));
  const order = new Intl.Collator(undefined, { numeric: true });
  studies.sort((a, b) => order.compare(a.study, b.study));
  const rest = (total ?? 0) - studies.reduce((sum, { n }) => sum + n, 0);
  const areAll = studies.length < MOST_STUDIES;
  return rest > 0 && areAll ? [...studies, { study: null, n: rest }] : studies;
}

/** Which studies are unfolded: where a person has said nothing, the first that fill a panel. */
export function openStudies(
  studies: readonly IStudyCount[],
  toggled: ReadonlyMap<string | null, boolean>
): readonly (string | null)[] {
  let rows = 0;
  let opened = 0;
  return studies
    .filter(({ study, n }) => {
      const fits = rows + n <= OPEN_ROWS && opened < OPEN_STUDIES;
      rows += n;
      opened += 1;
      return toggled.get(study) ?? (fits || (opened === 1 && studies.length === 1));
    })
    .map(({ study }) => study);
}

/** How many datasets of each unfolded study are to be read. */
export function wantedOf(
  open: readonly (string | null)[],
  limits: ReadonlyMap<string | null, number>
): readonly IWantedStudy[] {
  return open.map(study => ({ study, limit: limits.get(study) ?? FIRST_OF_STUDY }));
}

export function treeRows(
  studies: readonly IStudyCount[],
  found: ReadonlyMap<string | null, IStudyRows>
): TreeRow[] {
  const rows: TreeRow[] = [];
  for (const { study, n } of studies) {
    const name = study ?? '';
    const open = found.get(study);
    rows.push({ kind: 'study', key: `study ${name}`, study, n, open: open !== undefined });
    if (!open) {
      continue;
    }
    for (const record of open.datasets) {
      rows.push({ kind: 'dataset', key: record.dataset_id, record });
    }
    // Rows that are there stay; that the catalog does not answer is said once, above them.
    const isKept = open.error instanceof Unreachable && open.datasets.length > 0;
    if (open.error && !isKept) {
      rows.push({ kind: 'failed', key: `failed ${name}`, study, error: open.error });
    } else if (open.isPending) {
      // What was there before stays until the new rows are there.
      if (!open.datasets.length) {
        rows.push({ kind: 'pending', key: `pending ${name}`, study });
      }
    } else if (open.datasets.length < n) {
      const left = n - open.datasets.length;
      rows.push({ kind: 'more', key: `more ${name}`, study, left });
    }
  }
  return rows;
}
