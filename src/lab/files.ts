/** Files and folders that lie on the server's disk, on their way into the catalog. */

import { PageConfig } from '@jupyterlab/coreutils';
import { type Contents, ServerConnection } from '@jupyterlab/services';

import { CatalogError, errorOf } from '../api/errors';
import { proposeId } from '../components/dialogs/add/naming';
import { quoted } from '../components/python';

/**
 * Up to this many bytes a file comes through the browser, where the dialog examines and names it.
 * Larger ones, and folders, a kernel adds: it reads them from the disk that they lie on.
 */
export const THROUGH_BROWSER = 64_000_000;

export type Listed = Pick<Contents.IModel, 'name' | 'path' | 'type' | 'size'>;

/** Whether something is added by a line of code instead of through the browser. */
export function needsKernel(item: Listed): boolean {
  return item.type === 'directory' || (item.size ?? 0) > THROUGH_BROWSER;
}

/** Read files of the file browser, as if they had been chosen on this computer. */
export async function readFiles(
  contents: Contents.IManager,
  settings: ServerConnection.ISettings,
  items: readonly Listed[]
): Promise<File[]> {
  const found: File[] = [];
  for (const item of items) {
    const url = await contents.getDownloadUrl(item.path);
    const answer = await ServerConnection.makeRequest(url, { method: 'GET' }, settings);
    if (!answer.ok) {
      const { title } = errorOf(answer.status, null, {});
      throw new CatalogError(
        `'${item.name}' cannot be read: ${title}`,
        'It may have been moved or removed: refresh the file browser.',
        'NotFound',
        answer.status
      );
    }
    found.push(new File([await answer.blob()], item.name));
  }
  return found;
}

/** The path of a file of the file browser, as a kernel on the same machine reads it. */
export function pathOnServer(path: string, root = PageConfig.getOption('serverRoot')): string {
  const local = path.replace(/^[^/:]+:/, ''); // the name of a drive of JupyterLab
  return root ? `${root.replace(/\/$/, '')}/${local.replace(/^\//, '')}` : local;
}

/** The code that adds files and folders as datasets. */
export function addCode(atlas: string, items: readonly Listed[], root?: string): string {
  const lines = items.map(item => {
    const id = quoted(proposeId(item.name.replace(/\.[^.]*$/, '')));
    return `catalog.save(${id}, ${quoted(pathOnServer(item.path, root))})`;
  });
  return [
    'from omicshelf import Catalog',
    '',
    `catalog = Catalog(${quoted(atlas)})`,
    ...lines
  ].join('\n');
}

/** The code that attaches files to a dataset. */
export function attachCode(
  atlas: string,
  id: string,
  items: readonly Listed[],
  root?: string
): string {
  const lines = items.map(
    item =>
      `catalog.attach_file(${quoted(id)}, ${quoted(pathOnServer(item.path, root))}, tag="result")`
  );
  return [
    'from omicshelf import Catalog',
    '',
    `catalog = Catalog(${quoted(atlas)})`,
    ...lines
  ].join('\n');
}
