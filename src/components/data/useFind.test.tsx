import type { QueryClient } from '@tanstack/react-query';
import { act, cleanup, renderHook, waitFor } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, describe, expect, it } from 'vitest';

import type { IFindQuery } from '../../api/records';
import { Shelf, dataset, hostOf } from '../sidebar/fixtures';
import { keys } from './keys';
import { CatalogProvider, newQueryClient } from './provider';
import { useFind } from './useFind';

afterEach(cleanup);

const PAGE = 10;
const QUERY: IFindQuery = { limit: PAGE };
const nameOf = (n: number) => `d${String(n).padStart(3, '0')}`;

interface IShown {
  shelf: Shelf;
  queries: QueryClient;
  result: { readonly current: ReturnType<typeof useFind> };
  /** The cursors of what has been asked since this was called last. */
  asked: () => (string | null)[];
  ids: () => string[];
  changed: () => void;
}

/** Read so many pages of a hundred datasets. */
async function show(nPages: number): Promise<IShown> {
  const shelf = new Shelf(Array.from({ length: 100 }, (_, n) => dataset(nameOf(n))));
  const queries = newQueryClient();
  const host = hostOf(shelf);
  const wrapper = ({ children }: { children: ReactNode }) => (
    <CatalogProvider host={host} queries={queries}>
      {children}
    </CatalogProvider>
  );
  const { result } = renderHook(() => useFind('blood', QUERY), { wrapper });
  await waitFor(() => expect(result.current.data).toBeDefined());
  for (let n = 2; n <= nPages; n++) {
    await act(() => result.current.fetchNextPage());
    await waitFor(() => expect(result.current.data!.pages).toHaveLength(n));
  }
  shelf.asked.length = 0;
  return {
    shelf,
    queries,
    result,
    asked: () =>
      shelf.asked.splice(0).map(({ query }) => (query?.after as string | undefined) ?? null),
    ids: () => result.current.data!.pages.flatMap(page => page.datasets.map(d => d.dataset_id)),
    changed: () => act(() => void queries.invalidateQueries({ queryKey: keys.atlas('blood') }))
  };
}

describe('finding, a page after the other', () => {
  it('asks for each page once, and knows where the end is', async () => {
    const { result, ids } = await show(10);
    expect(ids()).toEqual(Array.from({ length: 100 }, (_, n) => nameOf(n)));
    expect(result.current.hasNextPage).toBe(false);
  });

  it('reads after a change what is on the screen, and nothing else', async () => {
    const { result, shelf, asked, ids, changed } = await show(6);
    act(() => result.current.see(24, 36));
    shelf.datasets[27] = dataset(nameOf(27), { version: { seq: 2 } });
    changed();
    await waitFor(() => expect(shelf.asked).toHaveLength(2));
    expect(asked()).toEqual(['20', '30']);
    // What is above stays; what is below is read when it is needed.
    await waitFor(() => expect(ids()).toHaveLength(40));
    expect(ids()).toEqual(Array.from({ length: 40 }, (_, n) => nameOf(n)));
    expect(result.current.data!.pages[2].datasets[7].version.seq).toBe(2);
    expect(result.current.hasNextPage).toBe(true);
    await act(() => result.current.fetchNextPage());
    expect(asked()).toEqual(['40']);
  });

  it('reads what was not read again when it comes into sight', async () => {
    const { result, shelf, asked, ids, changed } = await show(3);
    act(() => result.current.see(22, 28));
    shelf.datasets[4] = dataset(nameOf(4), { version: { seq: 2 } });
    changed();
    await waitFor(() => expect(shelf.asked).toHaveLength(1));
    expect(asked()).toEqual(['20']);
    await waitFor(() => expect(result.current.isFetching).toBe(false));
    expect(result.current.data!.pages[0].datasets[4].version.seq).toBe(1);
    act(() => result.current.see(3, 9));
    await waitFor(() => expect(result.current.data!.pages[0].datasets[4].version.seq).toBe(2));
    expect(asked()).toEqual([null]);
    act(() => result.current.see(2, 8));
    expect(asked()).toEqual([]);
    expect(ids()).toHaveLength(PAGE);
  });

  it('shows a row that has moved down once, and the count as it is now', async () => {
    const { result, shelf, ids, changed } = await show(3);
    act(() => result.current.see(12, 18));
    const [moved] = shelf.datasets.splice(3, 1);
    shelf.datasets.splice(15, 0, moved);
    shelf.datasets.pop();
    changed();
    await waitFor(() => expect(result.current.data!.pages[0].total).toBe(99));
    expect(ids().filter(id => id === nameOf(3))).toHaveLength(1);
  });

  it('reads all again where nobody says what is on the screen', async () => {
    const { shelf, asked, changed } = await show(3);
    changed();
    await waitFor(() => expect(shelf.asked).toHaveLength(3));
    expect(asked()).toEqual([null, '10', '20']);
  });

  it('keeps what it has where a page cannot be read, and goes on from there', async () => {
    const { result, shelf, asked, ids } = await show(2);
    // A refusal is not asked again by itself, as a lost connection is.
    const request = shelf.request.bind(shelf);
    shelf.request = () =>
      Promise.resolve({ status: 400, headers: {}, body: { title: 'No.', kind: 'Invalid' } });
    await act(() => result.current.fetchNextPage());
    await waitFor(() => expect(result.current.error?.message).toContain('No.'));
    expect(ids()).toHaveLength(2 * PAGE);
    shelf.request = request;
    act(() => result.current.see(12, 18));
    await act(() => result.current.refetch());
    expect(asked()).toEqual(['10']);
    await waitFor(() => expect(result.current.error).toBeNull());
    await act(() => result.current.fetchNextPage());
    expect(asked()).toEqual(['20']);
    await waitFor(() => expect(ids()).toHaveLength(3 * PAGE));
  });
});
