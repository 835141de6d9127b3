/** What a search finds, and what is shown where it cannot be understood or nobody answers. */

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useMemo, useRef, useState } from 'react';

import { Unreachable, asCatalogError, isAborted } from '../../api/errors';
import type { Page } from '../../api/records';
import { useAnnounce, useHost } from '../base';
import { useConnection } from '../data';
import { FACET_LIMIT } from './FacetDrawer';
import { facetsOf } from './facets';
import { type ISearch, NO_SEARCH, isEmpty } from './query';
import { useCounts, useMetadataKeys } from './reading';
import { MOST_STUDIES } from './rows';
import type { IChoices } from './state';

/** What a search finds: counts, what is wrong with it, and what is shown where it is wrong. */
export function useFound(atlas: string, settled: ISearch, choices: IChoices) {
  const { settings, feed, t } = useHost();
  const queries = useQueryClient();
  const announce = useAnnounce();
  const connection = useConnection();
  const [rowsError, setRowsError] = useState<Error | null>(null);
  // The first rows do not wait behind what is needed for filters alone.
  const known = useMetadataKeys(atlas, choices.filters || !isEmpty(settled)).data;
  const fields = useMemo(() => facetsOf(settings.facets, known), [settings.facets, known]);
  const allFields = useMemo(() => searchFields(fields, known?.keys ?? []), [fields, known]);
  const byStudy = choices.view === 'tree';
  const facets = useMemo(
    () => [...new Set([...(byStudy ? ['study_id'] : []), ...(choices.filters ? fields : [])])],
    [byStudy, choices.filters, fields]
  );
  const asked = useCounts(atlas, settled, facets, byStudy ? MOST_STUDIES : FACET_LIMIT);

  const failure = asked.error ?? rowsError;
  const error = failure && !isAborted(failure) ? asCatalogError(failure) : null;
  const isWrong = error !== null && error.kind === 'Invalid' && !isEmpty(settled);
  // What cannot be understood, or is not answered, changes nothing of what is shown.
  const answered = useRef<IAnswered>({ search: NO_SEARCH, counts: undefined, at: 0 });
  if (asked.data && !asked.isPlaceholderData && !asked.error) {
    answered.current = { search: settled, counts: asked.data, at: asked.dataUpdatedAt };
  }
  const isOpen = asked.data === undefined && error !== null;
  const search = isWrong || isOpen ? answered.current.search : settled;
  const counts = asked.data ?? (error ? answered.current.counts : undefined);
  const count = asked.isPlaceholderData ? null : (asked.data?.total ?? null);
  useEffect(() => {
    if (count !== null) {
      announce(t.plural('{n} dataset found', '{n} datasets found', count));
    }
  }, [count, announce, t]);
  const lost = connection.state === 'unreachable';
  return {
    search,
    counts,
    fields,
    allFields,
    isOld: asked.isPlaceholderData || asked.isPending,
    readAt: asked.dataUpdatedAt || answered.current.at,
    problem: isWrong ? [error.title, error.detail].filter(Boolean).join(' ') : null,
    error: isWrong ? null : lost ? connection.error : error,
    offline: lost || error instanceof Unreachable,
    setRowsError,
    retry: () => {
      feed.retry();
      void queries.invalidateQueries();
    }
  };
}

/** The last search that had an answer, what it was, and when. */
interface IAnswered {
  search: ISearch;
  counts: Page | undefined;
  at: number;
}

/** The names that a search can begin a filter with. */
function searchFields(
  fields: readonly string[],
  found: readonly { key: string }[]
): readonly string[] {
  const others = ['dataset_id', 'author', 'size', 'n_obs', 'n_vars'];
  const times = ['created_at', 'last_modified_at'];
  return [...new Set([...fields, ...found.map(({ key }) => key), ...others, ...times])];
}
