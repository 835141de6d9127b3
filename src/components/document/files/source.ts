/** Which version a file was made from, and whether the data have changed since. */

import type { FileRecord, VersionRecord } from '../../../api/records';

export interface ISource {
  version: VersionRecord;
  /** The data are others now. */
  older: boolean;
}

export function sourceOf(
  file: FileRecord,
  newest: VersionRecord,
  versions: readonly VersionRecord[]
): ISource | null {
  const version = versions.find(one => one.version_id === file.derived_from);
  return version ? { version, older: !sameData(version, newest) } : null;
}

/** Where only the metadata changed, what was made from the data is as new as they are. */
function sameData(a: VersionRecord, b: VersionRecord): boolean {
  return a.version_id === b.version_id || (!!a.blake3 && a.blake3 === b.blake3);
}
