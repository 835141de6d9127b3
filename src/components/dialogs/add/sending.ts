/** Send files to the catalog, a few at a time, and make datasets of them. */

import { CatalogError, asCatalogError, isAborted } from '../../../api/errors';
import type { DatasetRecord, VersionBody } from '../../../api/records';
import type { IHost } from '../../host';
import { dropUpload, type IBegun, sendFile, whenReachable } from '../sending';
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
  const begun: IBegun = {};
  try {
    const body = sending.bodyOf(item);
    const upload = await sendBytes(item, body, sending, begun);
    signal.throwIfAborted();
    return { kind: 'done', record: await made(item, { ...body, upload }, sending) };
  } catch (reason) {
    void dropUpload(host, begun);
    const stopped = signal.aborted || isAborted(reason);
    return { kind: 'failed', error: stopped ? stoppedError(host) : asCatalogError(reason) };
  }
}

/** Make a version of what was sent. Asked twice, the catalog makes one: the upload says which. */
function made(item: IItem, body: VersionBody, sending: ISending): Promise<DatasetRecord> {
  const { host, atlas, signal, onState } = sending;
  const onWaiting = () => onState(item.key, { kind: 'waiting', sent: item.file.size });
  return whenReachable(host, signal, onWaiting, async () => {
    onState(item.key, { kind: 'examining' });
    return (await host.client.create(atlas, body)).record;
  });
}

function stoppedError({ t }: IHost): CatalogError {
  return new CatalogError(t('Stopped'), t('Nothing of it was kept.'), 'Stopped', 0);
}

function sendBytes(
  item: IItem,
  version: VersionBody,
  { host, atlas, signal, onState }: ISending,
  begun: IBegun
): Promise<string> {
  const since = Date.now();
  const request = { atlas, dataset_id: item.id, data_format: item.format ?? 'bin', version };
  return sendFile(item.file, request, {
    host,
    signal,
    begun,
    onSent: sent => onState(item.key, { kind: 'sending', sent, since }),
    onWaiting: sent => onState(item.key, { kind: 'waiting', sent })
  });
}

/** What is said of a dataset that was added. */
export function nameOfVersion(record: DatasetRecord): string {
  return `${record.dataset_id} v${record.version.seq}`;
}
