/** What the sidebar asks the catalog beside the rows: counts, keys, studies that are unfolded. */

import { type UseQueryResult, keepPreviousData, useQueries, useQuery } from '@tanstack/react-query';
import { useMemo, useRef } from 'react';

import type { DatasetRecord, Filter, MetadataKeys, Page } from '../../api/records';
import { useHost } from '../base';
import { keys } from '../data';
import { type ISearch, nameOf, parseSearch, questionOf, valuesOf, withoutField } from './query';

/** Count what a search finds, and the values of some fields in it. */
export function useCounts(
  atlas: string,
  search: ISearch,
  facets: readonly string[],
  facetLimit: number,
  enabled = true
): UseQueryResult<Page> {
  const { client } = useHost();
  const query = { ...questionOf(search), limit: 0, facets, facetLimit };
  return useQuery({
    queryKey: keys.find(atlas, query),
    queryFn: ({ signal }) => client.find(atlas, query, signal),
    placeholderData: keepPreviousData,
    enabled: enabled && atlas !== ''
  });
}

/**
 * Count the values of each field in which something is chosen, over what the rest of the search
 * finds: so the others can be chosen too.
 */
export function useOtherValues(
  atlas: string,
  search: ISearch,
  fields: readonly string[],
  facetLimit: number
): Record<string, Record<string, number>> {
  const { client } = useHost();
  const chosen = fields.filter(field => valuesOf(search, field).length > 0);
  const found = useQueries({
    queries: chosen.map(field => {
      const rest = withoutField(search, field);
      const query = { ...questionOf(rest), limit: 0, facets: [field], facetLimit, count: false };
      return {
        queryKey: keys.find(atlas, query),
        queryFn: ({ signal }: { signal: AbortSignal }) => client.find(atlas, query, signal)
      };
    })
  });
  const counted = chosen.map((field, i): [string, Record<string, number> | undefined] => [
    field,
    found[i].data?.facets?.[field]
  ]);
  return Object.fromEntries(useLast(counted));
}

/**
 * What is known of each name; what is being read again stays as it was read last.
 *
 * Several queries, unlike one, forget what they had when another question is asked.
 */
function useLast<K, V>(found: readonly (readonly [K, V | undefined])[]): Map<K, V> {
  const last = useRef(new Map<K, V>());
  const now = new Map<K, V>();
  for (const [name, value] of found) {
    const kept = value ?? last.current.get(name);
    if (kept !== undefined) {
      now.set(name, kept);
    }
  }
  last.current = now;
  return now;
}

/** The metadata keys that the atlas's datasets have. */
export function useMetadataKeys(atlas: string, enabled = true): UseQueryResult<MetadataKeys> {
  const { client } = useHost();
  return useQuery({
    queryKey: [...keys.atlas(atlas), 'keys'],
    queryFn: ({ signal }) => client.keys(atlas, signal),
    enabled: enabled && atlas !== ''
  });
}

/** The values of the field whose term is being typed, as many as fit under the box. */
export function useProposedValues(atlas: string, field: string | null): readonly string[] {
  const { client } = useHost();
  const query = { limit: 0, count: false, facets: field ? [field] : [], facetLimit: 200 };
  const found = useQuery({
    queryKey: keys.find(atlas, query),
    queryFn: ({ signal }) => client.find(atlas, query, signal),
    enabled: field !== null && atlas !== ''
  });
  const values = field ? found.data?.facets?.[field] : undefined;
  return useMemo(() => Object.keys(values ?? {}), [values]);
}

/** A study that is unfolded: how many of its datasets are wanted. */
export interface IWantedStudy {
  study: string | null;
  limit: number;
}

export interface IStudyRows {
  datasets: readonly DatasetRecord[];
  isPending: boolean;
  error: Error | null;
}

/** The datasets of the studies that are unfolded, each by a request of its own. */
export function useStudyRows(
  atlas: string,
  search: ISearch,
  orderBy: string,
  wanted: readonly IWantedStudy[]
): ReadonlyMap<string | null, IStudyRows> {
  const { client } = useHost();
  const question = questionOf(search);
  const found = useQueries({
    queries: wanted.map(({ study, limit }) => {
      const inStudy: Filter =
        study === null ? ['study_id', 'missing', null] : ['study_id', '=', study];
      const where = [...(question.where ?? []), inStudy];
      const query = { search: question.search, where, orderBy, limit, count: false };
      return {
        queryKey: keys.find(atlas, query),
        queryFn: ({ signal }: { signal: AbortSignal }) => client.find(atlas, query, signal)
      };
    })
  });
  const rows = useLast(
    wanted.map(({ study }, i): [string | null, readonly DatasetRecord[] | undefined] => {
      const page = found[i].data;
      return [study, page && ofStudy(page.datasets, study)];
    })
  );
  return new Map(
    wanted.map(({ study }, i): [string | null, IStudyRows] => [
      study,
      {
        datasets: rows.get(study) ?? [],
        isPending: found[i].data === undefined,
        error: found[i].error
      }
    ])
  );
}

function ofStudy(datasets: readonly DatasetRecord[], study: string | null) {
  return datasets.filter(record => (record.study_id ?? null) === study);
}

/** The field whose value is being typed at the end of a text. */
export function fieldBeingTyped(words: string, fields: readonly string[]): string | null {
  const last = /(\S+)$/.exec(words)?.[1] ?? '';
  const key = parseSearch(last).terms[0]?.key;
  return fields.find(field => nameOf(field) === key) ?? null;
}
