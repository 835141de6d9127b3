/** Small distributions of columns, from rows that are spread evenly over the data. */

import { useMemo } from 'react';
import type { Element, IPreviewQuery, VersionRecord } from '../../../api/records';
import { usePreview } from '../../data';

/** So many rows at most are read whole. */
const ALL = 1000;
/** Of more, so many: their positions travel in the address, which servers keep below 8 kB. */
const SAMPLE = 400;
const BINS = 24;

export interface IDistribution {
  counts: number[];
  median: number | null;
  /** Of how many rows it is made. */
  n: number;
  /** Whether these are all rows. */
  complete: boolean;
}

export interface ISampled {
  name: string;
  element: Element;
}

export interface ISampleRequest {
  version: VersionRecord;
  /** `obs`, `var`, or null where the file is a table itself. */
  table: 'obs' | 'var' | null;
  modality?: string;
  nRows: number | null;
  columns: readonly ISampled[];
  enabled: boolean;
}

/** The distributions of numeric columns, by their names. */
export function useDistributions(request: ISampleRequest): ReadonlyMap<string, IDistribution> {
  const { version, columns, enabled } = request;
  const query = sampleQuery(request);
  const { data } = usePreview(version, query, enabled && columns.length > 0);
  const page = data?.table;
  return useMemo(() => {
    const found = new Map<string, IDistribution>();
    const elements = new Map(columns.map(column => [column.name, column.element]));
    for (const column of page?.columns ?? []) {
      const element = elements.get(column.name);
      const values = column.values.filter(
        (value): value is number => typeof value === 'number' && Number.isFinite(value)
      );
      if (element && values.length) {
        const complete = column.values.length >= (request.nRows ?? Infinity);
        const counts = binned(values, element);
        const median = complete ? middle(values) : null;
        found.set(column.name, { counts, median, n: column.values.length, complete });
      }
    }
    return found;
  }, [page, columns, request.nRows]);
}

function sampleQuery({ table, modality, nRows, columns }: ISampleRequest): IPreviewQuery {
  const query: IPreviewQuery = {
    kind: 'table',
    columns: columns.map(column => column.name),
    ...(table ? { table } : {}),
    ...(modality ? { modality } : {})
  };
  // A table of a text file has no rows that can be chosen: its first ones are shown.
  if (table === null || nRows === null || nRows <= ALL) {
    return { ...query, limit: ALL };
  }
  return { ...query, rows: spread(nRows, SAMPLE) };
}

/** Positions spread evenly over `n` rows. */
export function spread(n: number, wanted: number): number[] {
  const taken = Math.min(n, wanted);
  return Array.from({ length: taken }, (_, i) => Math.floor(((i + 0.5) * n) / taken));
}

/** Count values in bins from the column's least to its largest value. */
export function binned(values: readonly number[], element: Pick<Element, 'min' | 'max'>): number[] {
  const low = element.min ?? values.reduce((a, b) => Math.min(a, b));
  const high = element.max ?? values.reduce((a, b) => Math.max(a, b));
  const whole = values.every(Number.isInteger) && high - low < BINS;
  const n = whole ? high - low + 1 : BINS;
  const counts = new Array<number>(Math.max(1, n)).fill(0);
  for (const value of values) {
    const share = whole ? value - low : ((value - low) / (high - low || 1)) * n;
    counts[Math.min(counts.length - 1, Math.max(0, Math.floor(share)))] += 1;
  }
  return counts;
}

function middle(values: readonly number[]): number {
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 ? sorted[half] : (sorted[half - 1] + sorted[half]) / 2;
}
