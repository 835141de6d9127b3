/** What others in the atlas write: the keys in use, and the values of a key. */

import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { MetadataKeys } from '../../../../api/records';
import { useHost } from '../../../base';
import { keys as names, useFind } from '../../../data';

const NO_KEYS: MetadataKeys = { n_datasets: 0, keys: [] };

/** The metadata keys that datasets of the atlas have, the most frequent first. */
export function useKeysInUse(atlas: string, enabled: boolean): MetadataKeys {
  const { client } = useHost();
  const { data } = useQuery({
    queryKey: [...names.atlas(atlas), 'keys'],
    queryFn: ({ signal }) => client.keys(atlas, signal),
    enabled
  });
  return data ?? NO_KEYS;
}

// As many as a request may count.
const MOST_KEYS = 20;
const MOST_VALUES = 50;

/** The values that other datasets have under each of the keys, the most frequent first. */
export function useValuesInUse(
  atlas: string,
  keys: readonly string[],
  enabled: boolean
): Record<string, Record<string, number>> {
  const sorted = [...new Set(keys)].filter(Boolean).slice(0, MOST_KEYS).sort().join('\n');
  const query = useMemo(
    () => ({ limit: 1, facets: sorted.split('\n'), facetLimit: MOST_VALUES, count: false }),
    [sorted]
  );
  const { data } = useFind(atlas, query, enabled && sorted !== '');
  return data?.pages[0]?.facets ?? NO_VALUES;
}

const NO_VALUES: Record<string, Record<string, number>> = {};

/** A value in use that this one is probably meant to be; null where it is in use, or new. */
export function meant(value: string, inUse: readonly string[]): string | null {
  const typed = plain(value);
  if (typed.length < 3 || inUse.includes(value)) {
    return null;
  }
  return (
    inUse.find(other => plain(other) === typed) ??
    inUse.find(other => typed.length > 3 && isOneSlip(typed, plain(other))) ??
    null
  );
}

function plain(text: string): string {
  return text
    .trim()
    .toLocaleLowerCase()
    .replace(/[\s_-]+/g, ' ');
}

/** Whether one letter was left out, added, mistaken, or changed places with its neighbour. */
function isOneSlip(a: string, b: string): boolean {
  if (Math.abs(a.length - b.length) > 1) {
    return false;
  }
  let i = 0;
  while (i < a.length && a[i] === b[i]) {
    i++;
  }
  const [restA, restB] = [a.slice(i), b.slice(i)];
  return (
    restA.slice(1) === restB ||
    restA === restB.slice(1) ||
    restA.slice(1) === restB.slice(1) ||
    (restA[0] === restB[1] && restA[1] === restB[0] && restA.slice(2) === restB.slice(2))
  );
}
