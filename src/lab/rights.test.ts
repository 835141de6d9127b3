import { describe, expect, it, vi } from 'vitest';

import { CatalogClient } from '../api/client';
import { QuietFeed, Shelf } from '../components/sidebar/fixtures';
import { Rights } from './rights';

function made(role: Shelf['role']) {
  const shelf = new Shelf([]);
  shelf.role = role;
  const feed = new QuietFeed();
  return { shelf, feed, rights: new Rights(new CatalogClient(shelf, 'page'), feed) };
}

describe('what a person may', () => {
  it.each([
    ['viewer', false],
    ['contributor', true],
    ['admin', true]
  ] as const)('is asked of the catalog: a %s', async (role, mayWrite) => {
    const { shelf, rights } = made(role);
    expect(rights.mayWrite).toBe(false);
    rights.follow();
    await vi.waitFor(() => expect(shelf.asked).toHaveLength(2));
    await vi.waitFor(() => expect(rights.mayWrite).toBe(mayWrite));
  });

  it('is asked again when the catalog answers again, and told where it is another', async () => {
    const { shelf, feed, rights } = made('admin');
    const told = vi.fn();
    rights.changed.connect(told);
    shelf.lost = true;
    rights.follow();
    await vi.waitFor(() => expect(shelf.asked).toHaveLength(2));
    expect(rights.mayWrite).toBe(false);
    shelf.lost = false;
    feed.retry();
    await vi.waitFor(() => expect(rights.mayWrite).toBe(true));
    feed.retry();
    await vi.waitFor(() => expect(shelf.asked).toHaveLength(6));
    expect(told).toHaveBeenCalledTimes(1);
  });
});
