/** How a version is named: in a file's name, and in the code that compares it. */

import type { IDatasetRef, VersionRecord } from '../../../api/records';
import { versionName } from '../reference';

/** The name that its bytes are downloaded under: `pbmc_v3.h5ad`. */
export function bytesName(ref: IDatasetRef, version: VersionRecord): string {
  // `vcf+gzip` is the format of `.vcf.gz`.
  const ending = version.data_format?.replace(/\+gzip$/, '.gz').replaceAll('+', '.');
  return `${ref.id}_${versionName(version)}${ending ? `.${ending}` : ''}`;
}

/** The line of Python that tells what differs between two versions. */
export function compareCode(ref: IDatasetRef, from: VersionRecord, to: VersionRecord): string {
  const [atlas, id] = [ref.atlas, ref.id].map(name => JSON.stringify(name));
  const sides = `"${versionName(from)}", "${versionName(to)}"`;
  return `from omicshelf import Catalog\n\nCatalog(${atlas}).diff(${id}, ${sides})`;
}
