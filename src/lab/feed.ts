/** One long poll for all of JupyterLab; what is hidden is told when it is shown again. */

import type { Connection, IFeed } from '../api/feed';
import type { Change } from '../api/records';

type Listener = (changes: Change[] | null) => void;

// Behind so many lines, reading everything again costs less than telling them.
const MOST = 500;

/** Shares a feed between panels, and follows it only while one of them is shown. */
export class FeedHub {
  constructor(readonly feed: IFeed) {}

  panel(): PanelFeed {
    const panel = new PanelFeed(this);
    this._panels.add(panel);
    return panel;
  }

  get isFollowed(): boolean {
    return this._stop !== null;
  }

  /** A panel was shown, hidden, or is gone. */
  update(gone?: PanelFeed): void {
    if (gone) {
      this._panels.delete(gone);
    }
    const isWanted = [...this._panels].some(panel => panel.isWanted);
    if (isWanted && !this._stop) {
      // A feed that was left goes on where it was left: nothing is missed.
      this._stop = this.feed.subscribe(changes =>
        this._panels.forEach(panel => panel.receive(changes))
      );
    } else if (!isWanted) {
      this._stop?.();
      this._stop = null;
    }
  }

  private readonly _panels = new Set<PanelFeed>();
  private _stop: (() => void) | null = null;
}

/** The changes for one panel: while it is hidden they are kept, and nothing is read again. */
export class PanelFeed implements IFeed {
  constructor(private readonly _hub: FeedHub) {}

  get connection(): Connection {
    return this._hub.feed.connection;
  }

  get isWanted(): boolean {
    return this._isShown && this._listeners.size > 0;
  }

  set isShown(shown: boolean) {
    this._isShown = shown;
    this._hub.update();
    if (shown && this._kept?.length !== 0) {
      const kept = this._kept;
      this._kept = [];
      this._listeners.forEach(listener => listener(kept));
    }
  }

  receive(changes: Change[] | null): void {
    if (this._isShown) {
      this._listeners.forEach(listener => listener(changes));
    } else if (changes === null || this._kept === null) {
      this._kept = null;
    } else {
      this._kept = this._kept.length + changes.length > MOST ? null : [...this._kept, ...changes];
    }
  }

  subscribe(listener: Listener): () => void {
    this._listeners.add(listener);
    this._hub.update();
    if (!this._hub.isFollowed) {
      // It reads before it is shown, and nobody hears of what changes until then.
      this._kept = null;
    }
    return () => {
      this._listeners.delete(listener);
      this._hub.update();
    };
  }

  onConnection(listener: () => void): () => void {
    return this._hub.feed.onConnection(listener);
  }

  retry(): void {
    this._hub.feed.retry();
  }

  dispose(): void {
    this._listeners.clear();
    this._hub.update(this);
  }

  private readonly _listeners = new Set<Listener>();
  private _isShown = false;
  /** What came while it was hidden; null where that was too much. */
  private _kept: Change[] | null = [];
}
