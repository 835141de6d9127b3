/** Genes whose names have a text in them, found while it is typed. */

import { useEffect, useMemo, useState } from 'react';

import type { IPreviewQuery, VersionRecord } from '../../api/records';
import type { IOption } from '../base';
import { usePreview } from './hooks';

const FOUND_AT_MOST = 30;
const SETTLED_AFTER = 150;

export interface IGeneTable {
  modality: string;
  table: 'obs' | 'var' | 'raw/var';
  /** Columns that are searched beside the names. */
  columns: readonly string[];
}

export interface IFoundGenes {
  /** `value` is the name in the table, `label` what people call it. */
  options: readonly IOption[];
  /** The row of each option. */
  rows: ReadonlyMap<string, number>;
}

export function useFoundGenes(
  version: VersionRecord,
  where: IGeneTable,
  text: string
): IFoundGenes {
  const settled = useSettled(text.trim(), SETTLED_AFTER);
  const query: IPreviewQuery = {
    kind: 'names',
    modality: where.modality || undefined,
    table: where.table,
    columns: where.columns.length ? where.columns : undefined,
    search: settled,
    limit: FOUND_AT_MOST
  };
  const read = usePreview(version, query, settled !== '');
  const names = settled === '' ? null : read.data?.names;
  return useMemo(() => {
    const rows = new Map<string, number>();
    const options = (names?.names ?? []).map((name, i) => {
      rows.set(name, names?.rows?.[i] ?? 0);
      const label = names?.found?.[i] ?? name;
      return { value: name, label, hint: label === name ? undefined : name };
    });
    return { options, rows };
  }, [names]);
}

/** A value once it has stayed the same for a while. */
function useSettled(value: string, after: number): string {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), value === '' ? 0 : after);
    return () => clearTimeout(timer);
  }, [value, after]);
  return settled;
}
