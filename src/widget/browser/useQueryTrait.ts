/** The search box and the widget's `query` are the same text, whoever changes it. */

import { useEffect, useRef } from 'react';

import { NO_SEARCH, parseSearch, textOf } from '../../components/sidebar/query';
import { type ISearchState, useSearch } from '../../components/sidebar/state';
import { useTrait, type WidgetModel } from '../traits';

export function useQueryTrait(model: WidgetModel): ISearchState {
  const state = useSearch();
  const [query, setQuery] = useTrait(model, 'query');
  const { settled, set } = state;
  const told = useRef('');
  useEffect(() => {
    if (query !== told.current) {
      told.current = query;
      set({ ...NO_SEARCH, ...parseSearch(query) });
    }
  }, [query, set]);
  useEffect(() => {
    const text = textOf(settled);
    // What Python wrote is kept as it was written, as long as it means the same.
    if (text !== textOf({ ...NO_SEARCH, ...parseSearch(told.current) })) {
      told.current = text;
      setQuery(text);
    }
  }, [settled, setQuery]);
  return state;
}
