/** Send a file and attach it; a lost connection is waited for. */

import { asCatalogError, CatalogError, isAborted, Unreachable } from '../../../api/errors';
import type { IDatasetRef } from '../../../api/records';
import type { IHost } from '../../host';
import { type AttachState, formatOf, type IAttachItem } from './items';

/** What is said of all files of one drop. */
export interface IAttachTo {
  dataset: IDatasetRef;
  tag: string | null;
  /** The version that they were made from. */
  sourceVersion: string | null;
  autoRemove: boolean;
}

interface IAttachOne {
  host: IHost;
  to: IAttachTo;
  signal: AbortSignal;
  onState: (state: AttachState) => void;
}

/** It ends with the last state, and throws nothing. */
export async function attachOne(item: IAttachItem, one: IAttachOne): Promise<AttachState> {
  const { host, to, signal, onState } = one;
  const begun: IBegun = {};
  try {
    const upload = await send(item, one, begun);
    signal.throwIfAborted();
    onState({ kind: 'attaching' });
    await whenReachable(one, item.file.size, () =>
      host.client.attach(to.dataset, {
        file_name: item.name,
        file_format: formatOf(item.name),
        upload,
        tag: to.tag,
        source_version: to.sourceVersion,
        auto_remove: to.autoRemove
      })
    );
    return { kind: 'done' };
  } catch (reason) {
    void dropped(host, begun);
    const error =
      signal.aborted || isAborted(reason)
        ? new CatalogError(host.t('Stopped'), host.t('Nothing of it was kept.'), 'Stopped', 0)
        : asCatalogError(reason);
    return { kind: 'failed', error };
  }
}

/** The upload that the server keeps for it. */
interface IBegun {
  upload?: string;
}

/** What has arrived is not left behind where nothing came of it. */
async function dropped(host: IHost, { upload }: IBegun): Promise<void> {
  if (upload !== undefined) {
    const { giveUp } = await import('../../../api/upload');
    giveUp(host.client, upload);
  }
}

async function send(item: IAttachItem, one: IAttachOne, begun: IBegun): Promise<string> {
  const { host, to, signal, onState } = one;
  // Its hash function is loaded when the first file is sent.
  const { upload } = await import('../../../api/upload');
  const { atlas, id } = to.dataset;
  const request = {
    atlas,
    dataset_id: id,
    data_format: formatOf(item.name),
    file_name: item.name
  };
  let sent = 0;
  const progress = (bytes: number) => {
    sent = bytes;
    onState({ kind: 'sending', sent });
  };
  progress(0);
  return whenReachable(
    { ...one, onState: state => onState(state.kind === 'waiting' ? { ...state, sent } : state) },
    sent,
    async () => {
      try {
        return await upload(host.client, item.file, request, {
          signal,
          resume: begun.upload,
          onBegun: name => {
            begun.upload = name;
          },
          onProgress: progress
        });
      } catch (reason) {
        if (!(reason instanceof Unreachable)) {
          begun.upload = undefined; // it has removed it itself
        }
        throw reason;
      }
    }
  );
}

/** Do it, and do it again whenever the catalog is back; what was sent is not sent twice. */
async function whenReachable<T>(
  { host, signal, onState }: IAttachOne,
  sent: number,
  act: () => Promise<T>
): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (reason) {
      if (!(reason instanceof Unreachable) || signal.aborted) {
        throw reason;
      }
      onState({ kind: 'waiting', sent });
      await reachable(host, signal);
    }
  }
}

const LOOK_AGAIN_MS = 5000;

/** Wait until the feed is connected again, or a while where it has not noticed anything. */
function reachable({ feed }: IHost, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', stopped);
      settle();
    };
    const stopped = () => end(() => reject(signal.reason as Error));
    const timer = setTimeout(() => end(resolve), LOOK_AGAIN_MS);
    const unsubscribe = feed.onConnection(
      () => feed.connection.state === 'connected' && end(resolve)
    );
    signal.addEventListener('abort', stopped, { once: true });
  });
}
