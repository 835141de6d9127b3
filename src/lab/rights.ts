/** Whether the person may write anywhere: a command that would be refused is not shown. */

import { Signal } from '@lumino/signaling';

import type { CatalogClient } from '../api/client';
import type { IFeed } from '../api/feed';
import type { Role } from '../api/records';

const WRITES: readonly (Role | null | undefined)[] = ['contributor', 'admin'];

export class Rights {
  constructor(
    private readonly _client: CatalogClient,
    private readonly _feed: IFeed
  ) {}

  readonly changed = new Signal<this, void>(this);

  /** Whether there is an atlas into which they may write, or they may make one. */
  get mayWrite(): boolean {
    return this._mayWrite;
  }

  /** Ask now, and whenever the catalog answers again. */
  follow(): void {
    this._feed.onConnection(() => {
      if (this._feed.connection.state === 'connected') {
        void this._read();
      }
    });
    void this._read();
  }

  private async _read(): Promise<void> {
    let mayWrite = false;
    try {
      const [{ roles }, { role }] = await Promise.all([
        this._client.atlases(),
        this._client.info()
      ]);
      mayWrite = [role as Role | null, ...Object.values(roles)].some(one => WRITES.includes(one));
    } catch {
      // Why it does not answer is told where something is shown; what they may is not known.
      return;
    }
    if (mayWrite !== this._mayWrite) {
      this._mayWrite = mayWrite;
      this.changed.emit();
    }
  }

  private _mayWrite = false;
}
