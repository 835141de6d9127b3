/** Download bytes of the catalog. */

import { asCatalogError } from '../../api/errors';
import type { IHost } from '../host';

/** Let the browser download what is at a path; over a comm, the bytes come through the kernel. */
export async function download(host: IHost, path: string, name: string): Promise<void> {
  const address = host.client.transport.address(path);
  if (address !== null) {
    save(address, name);
    return;
  }
  try {
    const bytes = await host.client.bytes(path);
    const url = URL.createObjectURL(new Blob([bytes]));
    save(url, name);
    // The browser has begun by then, and needs the address no more.
    setTimeout(() => URL.revokeObjectURL(url), 60_000);
  } catch (reason) {
    const error = asCatalogError(reason);
    host.notify({
      kind: 'error',
      text: host.t('{name} was not downloaded: {why}', { name, why: error.title }),
      detail: error.detail
    });
  }
}

function save(address: string, name: string): void {
  const link = document.createElement('a');
  link.href = address;
  link.download = name;
  link.rel = 'noopener';
  link.hidden = true;
  document.body.append(link);
  link.click();
  link.remove();
}
