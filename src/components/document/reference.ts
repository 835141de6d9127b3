/** How a dataset is named in words, in addresses and in code. */

import type { IDatasetRef, VersionRecord } from '../../api/records';

/** The name of a version: `v5`. */
export function versionName(version: Pick<VersionRecord, 'seq'>): string {
  return `v${version.seq}`;
}

/** What names a version of a dataset everywhere: `immunology/pbmc68k_reduced@v5`. */
export function reference(ref: IDatasetRef, version: Pick<VersionRecord, 'seq'>): string {
  return `${ref.atlas}/${ref.id}@${versionName(version)}`;
}

/** Find a version by its number (`v3`, `3`), its id, or a label. */
export function findVersion(
  versions: readonly VersionRecord[],
  name: string
): VersionRecord | undefined {
  const seq = /^v?(\d+)$/.exec(name)?.[1];
  return versions.find(
    version =>
      version.version_id === name ||
      (seq !== undefined && version.seq === Number(seq)) ||
      version.labels.includes(name)
  );
}
