/** How versions are named in the code that compares them. */

import type { IDatasetRef, VersionRecord } from '../../../api/records';
import { versionName } from '../reference';

/** The line of Python that tells what differs between two versions. */
export function compareCode(ref: IDatasetRef, from: VersionRecord, to: VersionRecord): string {
  const [atlas, id] = [ref.atlas, ref.id].map(name => JSON.stringify(name));
  const sides = `"${versionName(from)}", "${versionName(to)}"`;
  return `from omicshelf import Catalog\n\nCatalog(${atlas}).diff(${id}, ${sides})`;
}
