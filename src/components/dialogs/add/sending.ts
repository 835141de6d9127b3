/** Send files to the catalog, a few at a time, and make datasets of them. */

import { CatalogError, Unreachable, asCatalogError, isAborted } from '../../../api/errors';
import type { DatasetRecord, VersionBody } from '../../../api/records';
import type { IHost } from '../../host';
import type { IItem, ItemState } from './items';

export interface ISending {
  host: IHost;
  atlas: string;
  /** What the version will be, without its data. */
  bodyOf: (item: IItem) => VersionBody;
  onState: (key: string, state: ItemState) => void;
  signal: AbortSignal;
}

// A server examines what has come while the next is on its way.
const AT_ONCE = 2;

/** Send them all; it ends when each has an end. */
export async function sendAll(items: readonly IItem[], sending: ISending): Promise<void> {
  const left = [...items];
  left.forEach(item => sending.onState(item.key, { kind: 'queued' }));
  const work = async () => {
    for (let item = left.shift(); item; item = left.shift()) {
      sending.onState(item.key, await sendOne(item, sending));
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, work));
}

async function sendOne(item: IItem, sending: ISending): Promise<ItemState> {
  const { host, signal } = sending;
  try {
    const body = sending.bodyOf(item);
    const upload = await sendBytes(item, body, sending);
    signal.throwIfAborted();
    return { kind: 'done', record: await made(item, { ...body, upload }, sending) };
  } catch (reason) {
    const stopped = signal.aborted || isAborted(reason);
    return { kind: 'failed', error: stopped ? stoppedError(host) : asCatalogError(reason) };
  }
}

/** Make a version of what was sent. Asked twice, the catalog makes one: the upload says which. */
async function made(item: IItem, body: VersionBody, sending: ISending): Promise<DatasetRecord> {
  const { host, atlas, signal, onState } = sending;
  for (;;) {
    onState(item.key, { kind: 'examining' });
    try {
      return (await host.client.create(atlas, body)).record;
    } catch (reason) {
      if (!(reason instanceof Unreachable)) {
        throw reason;
      }
      onState(item.key, { kind: 'waiting', sent: item.file.size });
      await connectionOf(host, signal);
    }
  }
}

function stoppedError({ t }: IHost): CatalogError {
  return new CatalogError(t('Stopped'), t('Nothing of it was kept.'), 'Stopped', 0);
}

/** Send the bytes; a lost connection is waited for, and what has arrived is not sent again. */
async function sendBytes(item: IItem, version: VersionBody, sending: ISending): Promise<string> {
  const { host, atlas, signal, onState } = sending;
  // Its hash function is loaded when the first file is sent.
  const { upload } = await import('../../../api/upload');
  const since = Date.now();
  let id: string | undefined;
  let sent = 0;
  const request = {
    atlas,
    dataset_id: item.id,
    data_format: item.format ?? 'bin',
    version
  };
  for (;;) {
    onState(item.key, { kind: 'sending', sent, since, upload: id });
    try {
      return await upload(host.client, item.file, request, {
        signal,
        resume: id,
        onBegun: begun => {
          id = begun;
        },
        onProgress: bytes => {
          sent = bytes;
          onState(item.key, { kind: 'sending', sent, since, upload: id });
        }
      });
    } catch (reason) {
      if (!(reason instanceof Unreachable) || signal.aborted) {
        throw reason;
      }
      onState(item.key, { kind: 'waiting', sent, upload: id });
      await connectionOf(host, signal);
    }
  }
}

const LOOK_AGAIN_MS = 5000;

/** Wait until the catalog answers again. */
function connectionOf(host: IHost, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = () => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', stop);
    };
    const stop = () => {
      end();
      reject(signal.reason as Error);
    };
    const go = () => {
      end();
      resolve();
    };
    // Where the feed has not noticed anything, the server is asked again after a while.
    const timer = setTimeout(go, LOOK_AGAIN_MS);
    const unsubscribe = host.feed.onConnection(() => {
      if (host.feed.connection.state === 'connected') {
        go();
      }
    });
    signal.addEventListener('abort', stop, { once: true });
  });
}

/** What is said of a dataset that was added. */
export function nameOfVersion(record: DatasetRecord): string {
  return `${record.dataset_id} v${record.version.seq}`;
}
