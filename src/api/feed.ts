/** What changes in the catalog, as it changes. */

import type { CatalogClient } from './client';
import type { CommTransport } from './comm';
import { CatalogError, asCatalogError, isAborted } from './errors';
import type { Change } from './records';

/** Whether the catalog answers; where it does not, since when, why, and when it is tried again. */
export type Connection =
  | { state: 'connecting' }
  | { state: 'connected' }
  | { state: 'unreachable'; since: number; nextTry: number; error: CatalogError };

/**
 * Changes as they happen.
 *
 * A listener gets the lines of the change log, or null where any number of them may have been
 * missed: then everything that is shown is to be read again.
 */
export interface IFeed {
  subscribe(listener: (changes: Change[] | null) => void): () => void;
  readonly connection: Connection;
  onConnection(listener: () => void): () => void;
  /** Try again now. */
  retry(): void;
  dispose(): void;
}

abstract class Feed implements IFeed {
  connection: Connection = { state: 'connecting' };

  subscribe(listener: (changes: Change[] | null) => void): () => void {
    this._listeners.add(listener);
    this.changed();
    return () => {
      this._listeners.delete(listener);
      this.changed();
    };
  }

  onConnection(listener: () => void): () => void {
    this._watchers.add(listener);
    return () => this._watchers.delete(listener);
  }

  abstract retry(): void;
  abstract dispose(): void;

  /** There are more listeners than before, or fewer. */
  protected changed(): void {
    // Nothing to do where the changes are sent anyway.
  }

  protected get isWanted(): boolean {
    return this._listeners.size > 0;
  }

  protected tell(changes: Change[] | null): void {
    this._listeners.forEach(listener => listener(changes));
  }

  protected set(connection: Connection): void {
    this.connection = connection;
    this._watchers.forEach(listener => listener());
  }

  private readonly _listeners = new Set<(changes: Change[] | null) => void>();
  private readonly _watchers = new Set<() => void>();
}

const WAIT_S = 25;
const MOST = 500; // lines after which reading everything again costs less
const FIRST_PAUSE_MS = 1000;
const LONGEST_PAUSE_MS = 30_000;

/** Asks a server, which answers when something has changed. It asks nothing while hidden. */
export class PolledFeed extends Feed {
  constructor(
    private readonly _client: CatalogClient,
    private readonly _document: Document = document
  ) {
    super();
    _document.addEventListener('visibilitychange', this._look);
    globalThis.addEventListener?.('online', this._online);
  }

  retry(): void {
    this._pause = FIRST_PAUSE_MS;
    this._wake?.();
    this.changed();
  }

  dispose(): void {
    this._document.removeEventListener('visibilitychange', this._look);
    globalThis.removeEventListener?.('online', this._online);
    this._disposed = true;
    this._running?.abort();
  }

  protected override changed(): void {
    const wanted = this.isWanted && !this._document.hidden && !this._disposed;
    if (wanted && !this._running) {
      this._running = new AbortController();
      void this._run(this._running.signal);
    } else if (!wanted && this._running) {
      this._running.abort();
      this._running = null;
    }
  }

  private readonly _look = () => this.changed();
  private readonly _online = () => this.retry();

  private async _run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      try {
        if (this._after === null) {
          this._after = (await this._client.info(signal)).last_change;
          this._answered(true);
        }
        const found = await this._client.changes(this._after, this._wait(), MOST, signal);
        this._after = found.last;
        this._answered(false);
        if (found.changes.length) {
          // Behind a long pause there may be more than a page: then what is shown is read again.
          this.tell(found.changes.length < MOST ? found.changes : null);
          this._after = found.changes.length < MOST ? this._after : null;
        }
      } catch (reason) {
        if (signal.aborted || isAborted(reason)) {
          // What was read until now is shown, and it may be that nobody heard of what came since.
          this._began = true;
          return;
        }
        await this._failed(asCatalogError(reason), signal);
      }
    }
  }

  /** Wait only where the connection is known to be good, so that a lost one shows at once. */
  private _wait(): number {
    return this.connection.state === 'connected' ? WAIT_S : 0;
  }

  private _answered(missed: boolean): void {
    const before = this.connection.state;
    this._pause = FIRST_PAUSE_MS;
    if (before !== 'connected') {
      this.set({ state: 'connected' });
    }
    if (missed && this._began) {
      this.tell(null);
    }
    this._began = true;
  }

  private async _failed(error: CatalogError, signal: AbortSignal): Promise<void> {
    const pause = this._pause;
    this._pause = Math.min(2 * pause, LONGEST_PAUSE_MS);
    const since = this.connection.state === 'unreachable' ? this.connection.since : Date.now();
    this.set({ state: 'unreachable', since, nextTry: Date.now() + pause, error });
    await new Promise<void>(resolve => {
      const timer = setTimeout(resolve, pause);
      this._wake = () => {
        clearTimeout(timer);
        resolve();
      };
      signal.addEventListener('abort', this._wake, { once: true });
    });
    this._wake = null;
    if (!signal.aborted && error.status === 0) {
      // A server that was restarted may have another log.
      this._after = null;
    }
  }

  private _after: number | null = null;
  private _began = false;
  private _disposed = false;
  private _pause = FIRST_PAUSE_MS;
  private _running: AbortController | null = null;
  private _wake: (() => void) | null = null;
}

/** The kernel tells by itself, while somebody looks. */
export class CommFeed extends Feed {
  /** Made before anything is read over the same transport, so that nothing is missed between. */
  constructor(
    private readonly _transport: CommTransport,
    private readonly _document: Document = document
  ) {
    super();
    this.connection = { state: 'connected' };
    const unsubscribe = [
      _transport.onEvent('changes', body =>
        this.tell(Array.isArray(body) ? (body as Change[]) : null)
      ),
      _transport.onEvent('connection', body => this._connected(body as IConnectionEvent))
    ];
    this._unsubscribe = () => unsubscribe.forEach(end => end());
    this._document.addEventListener('visibilitychange', this._look);
    this._look();
  }

  retry(): void {
    this._listen(false);
    this._look();
    this.tell(null);
  }

  dispose(): void {
    this._document.removeEventListener('visibilitychange', this._look);
    this._listen(false);
    this._unsubscribe();
  }

  private readonly _look = () => this._listen(!this._document.hidden);

  private _listen(on: boolean): void {
    if (on !== this._listens) {
      this._listens = on;
      this._transport.listen(on);
    }
  }

  private _connected(event: IConnectionEvent): void {
    if (event.state === 'connected') {
      this.set({ state: 'connected' });
      return;
    }
    const { title, detail, kind, status } = event;
    const error = new CatalogError(title ?? '', detail ?? null, kind ?? 'Unreachable', status ?? 0);
    const now = Date.now();
    const since = this.connection.state === 'unreachable' ? this.connection.since : now;
    const nextTry = now + (event.again_in ?? 0) * 1000;
    this.set({ state: 'unreachable', since, nextTry, error });
  }

  private _listens = false;
  private readonly _unsubscribe: () => void;
}

/** The kernel's word on whether the catalog answers. */
interface IConnectionEvent {
  state: 'connected' | 'unreachable';
  status?: number;
  title?: string;
  detail?: string | null;
  kind?: string;
  /** Seconds until the kernel tries again. */
  again_in?: number;
}
