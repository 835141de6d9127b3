/** A dataset by its address: `immunology/pbmc68k_reduced@v5`. */

import type { IDatasetRef } from '../api/records';

const REFERENCE = /^([^/@\s]+)\/([^/@\s]+)(?:@([^/@\s]+))?$/;

/** Read a reference; null where a text is none. */
export function parseReference(text: string): IDatasetRef | null {
  const found = REFERENCE.exec(text.trim());
  if (!found) {
    return null;
  }
  const [, atlas, id, version] = found;
  return version ? { atlas, id, version } : { atlas, id };
}

export function referenceOf(ref: IDatasetRef): string {
  return `${ref.atlas}/${ref.id}${ref.version ? `@${ref.version}` : ''}`;
}
