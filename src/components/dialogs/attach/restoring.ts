/** Bring a past state of a file back: its bytes are in the store, and are attached again. */

import type { FileRecord, IDatasetRef } from '../../../api/records';
import { pathOf } from '../../../api/transport';
import type { IHost } from '../../host';

/** The path of the bytes of a file's state, also of one that is past. */
export function statePath(file: FileRecord): string {
  return pathOf('blobs', file.blob, 'content');
}

export async function restoreFile(
  host: IHost,
  dataset: IDatasetRef,
  file: FileRecord
): Promise<void> {
  const { client } = host;
  const { upload } = await import('../../../api/upload');
  const bytes = await client.bytes(statePath(file));
  const request = {
    atlas: dataset.atlas,
    dataset_id: dataset.id,
    data_format: file.file_format,
    file_name: file.file_name
  };
  await client.attach(dataset, {
    file_name: file.file_name,
    file_format: file.file_format,
    upload: await upload(client, new Blob([bytes]), request),
    tag: file.tag,
    source_version: file.derived_from,
    auto_remove: file.auto_remove
  });
}
