/** Finding datasets, a page after the other; after a change, what is on the screen is read again. */

import {
  type QueryClient,
  keepPreviousData,
  useQuery,
  useQueryClient
} from '@tanstack/react-query';
import { useCallback, useRef } from 'react';

import type { CatalogClient } from '../../api/client';
import type { DatasetRecord, IFindQuery, Page } from '../../api/records';
import { useHost } from '../base';
import { keys } from './keys';

export interface IFound {
  /** The pages read so far, from the first; of the search before until there is one of this. */
  data: { readonly pages: readonly Page[] } | undefined;
  error: Error | null;
  isPending: boolean;
  isFetching: boolean;
  hasNextPage: boolean;
  fetchNextPage: () => Promise<void>;
  refetch: () => Promise<void>;
  /** Say which rows are on the screen, from 0: a change has only their pages read again. */
  see: (first: number, last: number) => void;
}

/** What was read: the pages, the cursor of each, and how many of the first were not read again. */
export interface IRead {
  pages: readonly Page[];
  after: readonly (string | null)[];
  nOld: number;
}

interface IRows {
  first: number;
  last: number;
}

// Where nobody says what is on the screen, all that was read is.
const ALL: IRows = { first: 0, last: Infinity };

export function useFind(atlas: string, query: IFindQuery, enabled = true): IFound {
  const { client } = useHost();
  const queries = useQueryClient();
  const queryKey = keys.find(atlas, query);
  const seen = useRef<{ rows: IRows; of: string }>({ rows: ALL, of: '' });
  const of = JSON.stringify(queryKey);
  if (seen.current.of !== of) {
    seen.current = { rows: ALL, of };
  }
  const found = useQuery({
    queryKey,
    queryFn: ({ signal }) => {
      const read = reader(client, atlas, query, signal);
      const before = queries.getQueryData<IRead>(queryKey);
      if (!before) {
        return again(read, NOTHING_READ, ALL);
      }
      // A change makes it so, and a failure, after which nobody knows what was missed.
      const isOld = queries.getQueryState(queryKey)?.isInvalidated ?? false;
      return isOld ? again(read, before, seen.current.rows) : more(read, before);
    },
    placeholderData: keepPreviousData,
    enabled: enabled && atlas !== ''
  });
  const { data, refetch, isPlaceholderData, isFetching, error } = found;
  const step = useCallback(async () => void (await refetch({ cancelRefetch: false })), [refetch]);
  const may = useRef(false);
  may.current = data !== undefined && !isPlaceholderData && !isFetching && error === null;
  const key = useRef(queryKey);
  key.current = queryKey;
  const see = useCallback(
    (first: number, last: number) => {
      seen.current.rows = { first, last };
      if (may.current) {
        readWhatIsOld(queries, key.current, first);
      }
    },
    [queries]
  );
  return {
    data,
    error,
    isPending: found.isPending,
    isFetching,
    hasNextPage: nextOf(data) !== null,
    fetchNextPage: step,
    refetch: step,
    see
  };
}

type Reader = (after: string | null, isFirst: boolean) => Promise<Page>;

function reader(
  client: CatalogClient,
  atlas: string,
  query: IFindQuery,
  signal: AbortSignal
): Reader {
  // Counted once: the pages that follow are of the same search.
  const uncounted = { ...query, facets: undefined, count: false };
  return (after, isFirst) =>
    client.find(
      atlas,
      after === null ? query : { ...(isFirst ? query : uncounted), after },
      signal
    );
}

const NOTHING_READ: IRead = { pages: [], after: [], nOld: 0 };

async function more(read: Reader, before: IRead): Promise<IRead> {
  const after = nextOf(before);
  if (after === null) {
    return before;
  }
  const page = await read(after, false);
  return { ...before, pages: [...before.pages, page], after: [...before.after, after] };
}

/**
 * Read the pages again that have these rows.
 *
 * Each begins where the one before it ends now, so that nothing is left out or doubled between
 * them. What is above stays as it was until it is seen, what is below is read when it is needed.
 */
async function again(read: Reader, before: IRead, rows: IRows): Promise<IRead> {
  const from = pageOf(before, rows.first);
  const to = pageOf(before, rows.last);
  const fresh: Page[] = [];
  const cursors: (string | null)[] = [];
  let after: string | null = before.after[from] ?? null;
  for (let n = from; n <= to; n++) {
    const page = await read(after, n === from);
    fresh.push(page);
    cursors.push(after);
    after = page.next ?? null;
    if (after === null) {
      break;
    }
  }
  const above = withoutThose(before.pages.slice(0, from), fresh);
  if (above.length) {
    // What was counted now is true for all.
    const { total, facets } = fresh[0];
    above[0] = { ...above[0], total, facets };
  }
  return {
    pages: [...above, ...fresh],
    after: [...before.after.slice(0, from), ...cursors],
    nOld: from
  };
}

/** What has moved down is shown where it is now, and not where it was too. */
function withoutThose(pages: readonly Page[], fresh: readonly Page[]): Page[] {
  const idOf = ({ atlas, dataset_id }: DatasetRecord) => `${atlas}/${dataset_id}`;
  const ids = new Set(fresh.flatMap(page => page.datasets.map(idOf)));
  return pages.map(page =>
    page.datasets.some(one => ids.has(idOf(one)))
      ? { ...page, datasets: page.datasets.filter(one => !ids.has(idOf(one))) }
      : page
  );
}

function pageOf(read: IRead, row: number): number {
  let end = 0;
  const found = read.pages.findIndex(page => (end += page.datasets.length) > row);
  return found < 0 ? Math.max(0, read.pages.length - 1) : found;
}

function nextOf(read: IRead | undefined): string | null {
  return read?.pages[read.pages.length - 1]?.next ?? null;
}

/** A page that was not read again after a change comes into sight. */
function readWhatIsOld(queries: QueryClient, queryKey: readonly unknown[], first: number): void {
  const read = queries.getQueryData<IRead>(queryKey);
  if (read && pageOf(read, first) < read.nOld) {
    void queries.invalidateQueries({ queryKey, exact: true });
  }
}
