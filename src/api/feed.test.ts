import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CatalogClient } from './client';
import { Unreachable } from './errors';
import { PolledFeed } from './feed';
import type { Change } from './records';
import type { IAnswer, IRequest, ITransport } from './transport';

/** A server whose answers the test gives one by one. */
class Server implements ITransport {
  readonly asked: IRequest[] = [];
  private _waiting: { resolve: (answer: IAnswer) => void; reject: (reason: unknown) => void }[] =
    [];

  request(request: IRequest): Promise<IAnswer> {
    this.asked.push(request);
    return new Promise((resolve, reject) => {
      this._waiting.push({ resolve, reject });
      request.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
    });
  }

  address(): null {
    return null;
  }

  dispose(): void {
    this._waiting = [];
  }

  async answers(body: unknown): Promise<void> {
    this._waiting.shift()!.resolve({ status: 200, headers: {}, body });
    await vi.advanceTimersByTimeAsync(0);
  }

  async fails(): Promise<void> {
    this._waiting.shift()!.reject(new Unreachable('No server.'));
    await vi.advanceTimersByTimeAsync(0);
  }

  get waits(): number {
    return this._waiting.length;
  }
}

function changes(...numbers: number[]): { changes: Change[]; last: number } {
  const lines = numbers.map(seq => ({ seq, atlas: 'a', dataset_id: 'd' }) as Change);
  return { changes: lines, last: numbers.at(-1) ?? 0 };
}

describe('PolledFeed', () => {
  let server: Server;
  let feed: PolledFeed;
  let told: (number[] | null)[];
  let hidden: boolean;

  beforeEach(() => {
    vi.useFakeTimers();
    hidden = false;
    vi.spyOn(document, 'hidden', 'get').mockImplementation(() => hidden);
    server = new Server();
    feed = new PolledFeed(new CatalogClient(server, 'test'));
    told = [];
  });

  afterEach(() => {
    feed.dispose();
    vi.useRealTimers();
  });

  function listen(): () => void {
    return feed.subscribe(found => told.push(found && found.map(change => change.seq)));
  }

  it('asks nothing before somebody listens', () => {
    expect(server.asked).toEqual([]);
  });

  it('says that something may be missed when it is left before its first answer', async () => {
    listen()();
    await vi.advanceTimersByTimeAsync(0);
    server.dispose();
    listen();
    await server.answers({ last_change: 5 });
    expect(told).toEqual([null]);
  });

  it('tells of what comes after it began', async () => {
    listen();
    await server.answers({ last_change: 7 });
    expect(server.asked[1]).toMatchObject({ path: '/changes', query: { after: 7 } });
    await server.answers(changes(8, 9));
    expect(told).toEqual([[8, 9]]);
    expect(server.asked[2].query).toMatchObject({ after: 9, wait: 25 });
  });

  it('has everything read again where too much has happened', async () => {
    listen();
    await server.answers({ last_change: 0 });
    await server.answers(changes(...Array.from({ length: 500 }, (_, i) => i + 1)));
    expect(told).toEqual([null]);
    expect(server.asked[2].path).toBe('/info');
  });

  it('asks nothing while hidden, and goes on where it was', async () => {
    listen();
    await server.answers({ last_change: 7 });
    hidden = true;
    document.dispatchEvent(new Event('visibilitychange'));
    await vi.advanceTimersByTimeAsync(60_000);
    const before = server.asked.length;
    expect(server.asked.at(-1)?.signal?.aborted).toBe(true);
    hidden = false;
    document.dispatchEvent(new Event('visibilitychange'));
    await vi.advanceTimersByTimeAsync(0);
    expect(server.asked.length).toBe(before + 1);
    expect(server.asked.at(-1)?.query).toMatchObject({ after: 7 });
  });

  it('stops when nobody listens any more', async () => {
    const stop = listen();
    await server.answers({ last_change: 7 });
    stop();
    expect(server.asked.at(-1)?.signal?.aborted).toBe(true);
  });

  it('tells that the server is away, tries again more and more seldom, and is back', async () => {
    listen();
    await server.answers({ last_change: 7 });
    await server.answers(changes());
    await server.fails();
    const away = feed.connection;
    expect(away).toMatchObject({ state: 'unreachable', error: { title: 'No server.' } });
    await vi.advanceTimersByTimeAsync(1000);
    await server.fails();
    expect(feed.connection).toMatchObject({ since: (away as { since: number }).since });
    await vi.advanceTimersByTimeAsync(1999);
    expect(server.waits).toBe(0);
    await vi.advanceTimersByTimeAsync(1);
    expect(server.waits).toBe(1);
    await server.answers({ last_change: 12 });
    expect(feed.connection).toEqual({ state: 'connected' });
    expect(told).toEqual([null]); // anything may have happened meanwhile
  });

  it('tries again at once when asked to', async () => {
    listen();
    await server.fails();
    expect(server.waits).toBe(0);
    feed.retry();
    await vi.advanceTimersByTimeAsync(0);
    expect(server.waits).toBe(1);
  });
});
