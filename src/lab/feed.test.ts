import { describe, expect, it, vi } from 'vitest';

import type { IFeed } from '../api/feed';
import type { Change } from '../api/records';
import { FeedHub } from './feed';

type Listener = (changes: Change[] | null) => void;

function source() {
  const listeners = new Set<Listener>();
  const feed = {
    connection: { state: 'connected' },
    subscribe: (listener: Listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    }
  } as unknown as IFeed;
  return {
    feed,
    listeners,
    tell: (changes: Change[] | null) => listeners.forEach(l => l(changes))
  };
}

const change = (seq: number) => ({ seq }) as Change;

describe('a feed for several panels', () => {
  it('is followed only while one of them is shown', () => {
    const { feed, listeners } = source();
    const hub = new FeedHub(feed);
    const [one, other] = [hub.panel(), hub.panel()];
    one.subscribe(() => undefined);
    other.subscribe(() => undefined);
    expect(listeners.size).toBe(0);
    one.isShown = true;
    other.isShown = true;
    expect(listeners.size).toBe(1);
    one.isShown = false;
    expect(listeners.size).toBe(1);
    other.dispose();
    expect(listeners.size).toBe(0);
  });

  it('has a panel read again that read before anybody followed the catalog', () => {
    const { feed, tell } = source();
    const panel = new FeedHub(feed).panel();
    const heard = vi.fn();
    panel.subscribe(heard);
    tell([change(1)]); // nobody is there to hear it
    panel.isShown = true;
    expect(heard.mock.calls).toEqual([[null]]);
    tell([change(2)]);
    expect(heard).toHaveBeenLastCalledWith([change(2)]);
  });

  it('tells a hidden panel once it is shown', () => {
    const { feed, tell } = source();
    const hub = new FeedHub(feed);
    const [shown, hidden] = [hub.panel(), hub.panel()];
    shown.subscribe(() => undefined);
    shown.isShown = true;
    const heard = vi.fn();
    hidden.subscribe(heard);
    tell([change(1)]);
    tell([change(2)]);
    expect(heard).not.toHaveBeenCalled();
    hidden.isShown = true;
    expect(heard.mock.calls).toEqual([[[change(1), change(2)]]]);
    tell([change(3)]);
    expect(heard).toHaveBeenLastCalledWith([change(3)]);
  });

  it('reads all again where too much happened, and nothing where nothing did', () => {
    const { feed, tell } = source();
    const hub = new FeedHub(feed);
    const [shown, hidden, still] = [hub.panel(), hub.panel(), hub.panel()];
    shown.subscribe(() => undefined);
    shown.isShown = true;
    const quiet = vi.fn();
    still.subscribe(quiet);
    still.isShown = true;
    still.isShown = false;
    still.isShown = true;
    expect(quiet).not.toHaveBeenCalled();
    const heard = vi.fn();
    hidden.subscribe(heard);
    tell(Array.from({ length: 501 }, (_, seq) => change(seq)));
    tell([change(502)]);
    hidden.isShown = true;
    expect(heard.mock.calls).toEqual([[null]]);
  });
});
