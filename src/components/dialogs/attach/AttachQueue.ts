/**
 * The files that are being attached to a dataset, a few at a time.
 *
 * It outlives what shows it: who looks at another tab meanwhile stops nothing.
 */

import type { CatalogClient } from '../../../api/client';
import { CatalogError } from '../../../api/errors';
import type { IDatasetRef } from '../../../api/records';
import type { IHost } from '../../host';
import { attachOne, type IAttachTo } from './attaching';
import { type AttachFile, type AttachState, attachItems, type IAttachItem, isEnded } from './items';

// Small files wait for the server most of the time; more would take the connections of the lists.
const AT_ONCE = 4;
const TOLD_EACH_MS = 50;

interface IJob {
  to: IAttachTo;
  stop: AbortController;
}

export class AttachQueue {
  /** As they were told last. */
  items: readonly IAttachItem[] = [];

  constructor(private readonly _host: IHost) {}

  readonly subscribe = (listener: () => void): (() => void) => {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  };

  /** Attach files; folders that are one dataset are told as what cannot be sent. */
  add(files: readonly AttachFile[], to: IAttachTo, folders: readonly string[] = []): void {
    const made = attachItems(files);
    const left = this._live.filter(item => !isEnded(item));
    this._set([...left, ...made, ...folders.map(name => this._refused(name))]);
    made.forEach(item => this._enqueue(item.key, to));
  }

  cancel(key: string): void {
    this._jobs.get(key)?.stop.abort();
    if (this._waiting.includes(key)) {
      this._waiting = this._waiting.filter(one => one !== key);
      this._state(key, { kind: 'failed', error: this._stopped() });
    }
  }

  cancelAll(): void {
    const waiting = new Set(this._waiting);
    this._waiting = [];
    this._jobs.forEach(job => job.stop.abort());
    const error = this._stopped();
    this._set(
      this._live.map(item =>
        waiting.has(item.key) ? { ...item, state: { kind: 'failed', error } } : item
      )
    );
  }

  retry(key: string): void {
    const job = this._jobs.get(key);
    if (job) {
      this._state(key, { kind: 'queued' });
      this._enqueue(key, job.to);
    }
  }

  /** Forget those that have ended. */
  clear(): void {
    this._set(this._live.filter(item => !isEnded(item)));
  }

  private _enqueue(key: string, to: IAttachTo): void {
    this._jobs.set(key, { to, stop: new AbortController() });
    this._waiting.push(key);
    if (this._running < AT_ONCE) {
      void this._work();
    }
  }

  private async _work(): Promise<void> {
    this._running += 1;
    for (let key = this._waiting.shift(); key; key = this._waiting.shift()) {
      const own = key;
      const job = this._jobs.get(own);
      const item = this._live.find(one => one.key === own);
      if (job && item) {
        const onState = (state: AttachState) => this._state(own, state);
        const { to, stop } = job;
        onState(await attachOne(item, { host: this._host, to, signal: stop.signal, onState }));
      }
    }
    this._running -= 1;
  }

  /** A folder that a browser cannot send as it is. */
  private _refused(name: string): IAttachItem {
    const { t } = this._host;
    const error = new CatalogError(
      t('This folder is one dataset, and no file.'),
      t('Add it as a dataset, or attach it as one zip file.'),
      'Invalid',
      0
    );
    return { ...attachItems([new File([], name)])[0], state: { kind: 'failed', error } };
  }

  private _stopped(): CatalogError {
    const { t } = this._host;
    return new CatalogError(t('Stopped'), t('Nothing of it was kept.'), 'Stopped', 0);
  }

  private _state(key: string, state: AttachState): void {
    this._set(this._live.map(item => (item.key === key ? { ...item, state } : item)));
  }

  private _set(items: readonly IAttachItem[]): void {
    this._live = items;
    // Five hundred small files change their states faster than anybody can see.
    this._telling ??= setTimeout(() => {
      this._telling = undefined;
      this.items = this._live;
      this._listeners.forEach(listener => listener());
    }, TOLD_EACH_MS);
  }

  private _live: readonly IAttachItem[] = [];
  private _telling: ReturnType<typeof setTimeout> | undefined;
  private _waiting: string[] = [];
  private _running = 0;
  private readonly _jobs = new Map<string, IJob>();
  private readonly _listeners = new Set<() => void>();
}

const queues = new WeakMap<CatalogClient, Map<string, AttachQueue>>();

/** The queue of a dataset: one for all that show it, in whatever panel of a host. */
export function queueOf(host: IHost, dataset: IDatasetRef): AttachQueue {
  const ofHost = queues.get(host.client) ?? new Map<string, AttachQueue>();
  queues.set(host.client, ofHost);
  const key = `${dataset.atlas}/${dataset.id}`;
  const found = ofHost.get(key) ?? new AttachQueue(host);
  ofHost.set(key, found);
  return found;
}
