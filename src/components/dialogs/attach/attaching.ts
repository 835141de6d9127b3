/** Send a file and attach it; a lost connection is waited for. */

import { asCatalogError, CatalogError, isAborted } from '../../../api/errors';
import type { IDatasetRef } from '../../../api/records';
import type { IHost } from '../../host';
import { dropUpload, type IBegun, sendFile, whenReachable } from '../sending';
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
    const onWaiting = () => onState({ kind: 'waiting', sent: item.file.size });
    await whenReachable(host, signal, onWaiting, () =>
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
    void dropUpload(host, begun);
    const error =
      signal.aborted || isAborted(reason)
        ? new CatalogError(host.t('Stopped'), host.t('Nothing of it was kept.'), 'Stopped', 0)
        : asCatalogError(reason);
    return { kind: 'failed', error };
  }
}

function send(
  item: IAttachItem,
  { host, to, signal, onState }: IAttachOne,
  begun: IBegun
): Promise<string> {
  const request = {
    atlas: to.dataset.atlas,
    dataset_id: to.dataset.id,
    data_format: formatOf(item.name),
    file_name: item.name
  };
  return sendFile(item.file, request, {
    host,
    signal,
    begun,
    onSent: sent => onState({ kind: 'sending', sent }),
    onWaiting: sent => onState({ kind: 'waiting', sent })
  });
}
