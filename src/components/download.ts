/** Save bytes as files, by the browser's own downloads. */

import { asCatalogError } from '../api/errors';
import type { VersionRecord } from '../api/records';
import { versionName } from './document/reference';
import type { IHost } from './host';

// Some browsers begin to read a blob only after the click.
const KEPT_MS = 60_000;

/** The name that a version's bytes are saved under: `pbmc_v3.h5ad`. */
export function bytesName(version: VersionRecord): string {
  // `vcf+gzip` is the format of `.vcf.gz`.
  const ending = version.data_format?.replace(/\+gzip$/, '.gz').replaceAll('+', '.');
  return `${version.dataset_id}_${versionName(version)}${ending ? `.${ending}` : ''}`;
}

/** Save what is at a path of the catalog; it is told where that fails. */
export async function download(host: IHost, path: string, name: string): Promise<void> {
  try {
    await save(host, path, name);
  } catch (reason) {
    const error = asCatalogError(reason);
    host.notify({
      kind: 'error',
      text: host.t('{name} was not downloaded: {why}', { name, why: error.title }),
      detail: error.detail
    });
  }
}

/** Save what is at a path of the catalog; over a comm, the bytes come through the kernel. */
export async function save(host: IHost, path: string, name: string): Promise<void> {
  const address = host.client.transport.address(path);
  if (address !== null) {
    follow(address, name);
    return;
  }
  saveBlob(new Blob([await host.client.bytes(path)]), name);
}

/** Save bytes that are here already. */
export function saveBlob(blob: Blob, name: string): void {
  const url = URL.createObjectURL(blob);
  follow(url, name);
  setTimeout(() => URL.revokeObjectURL(url), KEPT_MS);
}

function follow(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.rel = 'noopener';
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
}
