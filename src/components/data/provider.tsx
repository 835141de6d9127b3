/** What every component reads through: answers that are kept, and forgotten when they change. */

import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { type ReactNode, useEffect, useState } from 'react';

import { CatalogError, Unreachable } from '../../api/errors';
import type { Change } from '../../api/records';
import { HostProvider } from '../base';
import type { IHost } from '../host';
import { keys } from './keys';

const MOST_TRIES = 3;

/** Give a client that asks again only where asking again may help. */
export function newQueryClient(): QueryClient {
  return new QueryClient({
    defaultOptions: {
      queries: {
        // The feed says when something is no longer so; nobody asks without a cause.
        staleTime: Infinity,
        gcTime: 5 * 60_000,
        refetchOnWindowFocus: false,
        refetchOnReconnect: false,
        networkMode: 'always',
        retry: (failures, reason) => reason instanceof Unreachable && failures < MOST_TRIES,
        retryDelay: attempt => Math.min(500 * 2 ** attempt, 5000)
      },
      mutations: { networkMode: 'always' }
    }
  });
}

/** Let a part of the page read the catalog, and follow its changes while it is shown. */
export function CatalogProvider(props: {
  host: IHost;
  queries?: QueryClient;
  children: ReactNode;
}) {
  const { host, children } = props;
  const [own] = useState(newQueryClient);
  const queries = props.queries ?? own;
  useEffect(() => host.feed.subscribe(changes => forget(queries, changes)), [host, queries]);
  return (
    <HostProvider host={host}>
      <QueryClientProvider client={queries}>{children}</QueryClientProvider>
    </HostProvider>
  );
}

/** Forget what changes made untrue; what is shown of it is read again. */
export function forget(queries: QueryClient, changes: readonly Change[] | null): void {
  if (changes === null) {
    void queries.invalidateQueries();
    return;
  }
  const atlases = new Set<string>();
  const datasets = new Map<string, readonly [string, string]>();
  let ofAtlases = false;
  for (const change of changes) {
    if (change.atlas) {
      atlases.add(change.atlas);
    }
    if (change.atlas && change.dataset_id) {
      datasets.set(`${change.atlas}/${change.dataset_id}`, [change.atlas, change.dataset_id]);
    } else {
      ofAtlases = true;
    }
  }
  for (const atlas of atlases) {
    void queries.invalidateQueries({ queryKey: keys.atlas(atlas) });
  }
  for (const [atlas, id] of datasets.values()) {
    void queries.invalidateQueries({ queryKey: keys.dataset({ atlas, id }) });
  }
  if (ofAtlases || atlases.size) {
    void queries.invalidateQueries({ queryKey: keys.atlases }); // their counts
  }
}

/** Whether what failed is that the thing is not there (any more). */
export function isGone(reason: unknown): boolean {
  return reason instanceof CatalogError && reason.kind === 'NotFound';
}
