/** Something small between visits, in the browser. */

import type { IMemory } from '../components/host';

/** Keeps values in the browser's storage, apart for each server that is behind this address. */
export class BrowserMemory implements IMemory {
  /**
   * @param place The server's address: several may share an origin, as on a hub.
   */
  constructor(
    place: string,
    private readonly _storage: Storage | null = storage()
  ) {
    this._prefix = `omicshelf:${place}:`;
  }

  get<T>(key: string): T | undefined {
    if (!this._known.has(key)) {
      this._known.set(key, this._read(key));
    }
    return this._known.get(key) as T | undefined;
  }

  set(key: string, value: unknown): void {
    this._known.set(key, value);
    try {
      if (value === undefined) {
        this._storage?.removeItem(this._prefix + key);
      } else {
        this._storage?.setItem(this._prefix + key, JSON.stringify(value));
      }
    } catch {
      // Full or forbidden: it is remembered until the page is closed.
    }
  }

  private _read(key: string): unknown {
    try {
      const text = this._storage?.getItem(this._prefix + key);
      return text ? (JSON.parse(text) as unknown) : undefined;
    } catch {
      return undefined;
    }
  }

  private readonly _prefix: string;
  private readonly _known = new Map<string, unknown>();
}

function storage(): Storage | null {
  try {
    return window.localStorage;
  } catch {
    return null; // a browser that keeps nothing
  }
}
