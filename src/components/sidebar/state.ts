/** What the sidebar shows: an atlas, a search, an order; the small things are remembered. */

import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

import { useHost } from '../base';
import { type ISearch, NO_SEARCH, isEmpty, textOf } from './query';

export type View = 'tree' | 'list';

export interface IChoices {
  atlas: string;
  view: View;
  order: string;
  filters: boolean;
  /** Facets that are open or folded, where the person has said so. */
  open: Record<string, boolean>;
}

const MEMORY = 'sidebar';
const FIRST: IChoices = {
  atlas: '',
  view: 'tree',
  order: '-last_modified_at',
  filters: false,
  open: {}
};

/** The choices, and a way to change some of them. */
export function useChoices(): [IChoices, (change: Partial<IChoices>) => void] {
  const { memory, settings } = useHost();
  const [choices, setChoices] = useState<IChoices>(() => ({
    ...FIRST,
    atlas: settings.defaultAtlas,
    ...memory.get<Partial<IChoices>>(MEMORY)
  }));
  const shown = useRef(choices);
  shown.current = choices;
  const change = useCallback(
    (some: Partial<IChoices>) => {
      shown.current = { ...shown.current, ...some };
      memory.set(MEMORY, shown.current);
      setChoices(shown.current);
    },
    [memory]
  );
  return [choices, change];
}

const SETTLED_AFTER_MS = 150;

export interface ISearchState {
  /** As it stands in the box. */
  search: ISearch;
  /** As it is asked: a moment after the last letter; a filter at once. */
  settled: ISearch;
  set: (search: ISearch) => void;
}

export function useSearch(): ISearchState {
  const [search, setSearch] = useState(NO_SEARCH);
  const [settled, setSettled] = useState(NO_SEARCH);
  const shown = useRef(search);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  const set = useCallback((next: ISearch) => {
    const typed = next.words !== shown.current.words && next.words !== '';
    shown.current = next;
    setSearch(next);
    clearTimeout(timer.current);
    if (typed) {
      timer.current = setTimeout(() => setSettled(next), SETTLED_AFTER_MS);
    } else {
      setSettled(next);
    }
  }, []);
  return useMemo(() => ({ search, settled, set }), [search, settled, set]);
}

const MOST_RECENT = 8;

/** The last searches in an atlas, newest first, as they are typed. */
export function useRecent(atlas: string): [readonly string[], (search: ISearch) => void] {
  const { memory } = useHost();
  const key = `recent searches/${atlas}`;
  const [recent, setRecent] = useState<readonly string[]>([]);
  useEffect(() => setRecent(memory.get<string[]>(key) ?? []), [memory, key]);
  const remember = useCallback(
    (search: ISearch) => {
      const text = textOf(search);
      if (isEmpty(search) || !text) {
        return;
      }
      const before = memory.get<string[]>(key) ?? [];
      const now = [text, ...before.filter(other => other !== text)].slice(0, MOST_RECENT);
      memory.set(key, now);
      setRecent(now);
    },
    [memory, key]
  );
  return [recent, remember];
}
