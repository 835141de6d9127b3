/** Files and folders that lie on the server's disk, on their way into the catalog. */

import { PageConfig } from '@jupyterlab/coreutils';
import { type Contents, ServerConnection } from '@jupyterlab/services';

import { CatalogError, Unreachable, errorOf } from '../api/errors';
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

/**
 * A file of the file browser that is read as it is sent: a part of it is in memory, whatever its
 * size. (Its bytes go through the browser all the same: a kernel's `attach_file` is for who has
 * a slow line.)
 */
export class ListedFile {
  constructor(
    readonly name: string,
    readonly size: number,
    private readonly _url: string,
    private readonly _settings: ServerConnection.ISettings
  ) {}

  async part(start: number, end: number, signal?: AbortSignal): Promise<Blob> {
    const answer = await this._asked(start, end, signal);
    if (answer.status === 200) {
      // A server that gives no parts gives all of it; what is small enough is taken as that.
      if (this.size > THROUGH_BROWSER) {
        await answer.body?.cancel();
        throw this._problem(
          'Its server gives it as a whole only.',
          'Attach it from a notebook, by the attach_file of its atlas.'
        );
      }
      const whole = await answer.blob();
      this._assertSame(whole.size);
      return whole.slice(start, end);
    }
    if (answer.status !== 206) {
      throw this._problem(
        answer.status === 404
          ? 'It is not there any more.'
          : errorOf(answer.status, null, {}).title,
        'If it was moved, refresh the file browser and attach it from there.'
      );
    }
    this._assertSame(Number(answer.headers.get('Content-Range')?.split('/').pop()));
    const written = answer.headers.get('Last-Modified');
    if (written !== (this._written ??= written)) {
      throw this._changed();
    }
    return answer.blob();
  }

  private async _asked(start: number, end: number, signal?: AbortSignal): Promise<Response> {
    const headers = { Range: `bytes=${start}-${end - 1}` };
    try {
      const init = { method: 'GET', headers, signal };
      return await ServerConnection.makeRequest(this._url, init, this._settings);
    } catch (reason) {
      signal?.throwIfAborted();
      throw reason instanceof ServerConnection.NetworkError
        ? new Unreachable('The server cannot be reached.')
        : reason;
    }
  }

  private _assertSame(size: number): void {
    if (size !== this.size) {
      throw this._changed();
    }
  }

  private _changed(): CatalogError {
    return this._problem('It changed while it was read.', 'Attach it again when it is complete.');
  }

  private _problem(what: string, remedy: string): CatalogError {
    return new CatalogError(`'${this.name}' cannot be read: ${what}`, remedy, 'NotFound', 0);
  }

  private _written: string | null | undefined;
}

/** Make a file of what is listed; where it lies is asked, and how large it is now. */
export async function listedFile(
  contents: Contents.IManager,
  settings: ServerConnection.ISettings,
  item: Listed
): Promise<ListedFile> {
  const [url, now] = await Promise.all([
    contents.getDownloadUrl(item.path),
    contents.get(item.path, { content: false })
  ]);
  return new ListedFile(item.name, now.size ?? item.size ?? 0, url, settings);
}

/** The path of a file of the file browser, as a kernel on the same machine reads it. */
export function pathOnServer(path: string, root = PageConfig.getOption('serverRoot')): string {
  const local = path.replace(/^[^/:]+:/, ''); // the name of a drive of JupyterLab
  return root ? `${root.replace(/\/$/, '')}/${local.replace(/^\//, '')}` : local;
}

/** The path of a file for the file browser, of a path that a kernel has recorded. */
export function pathInLab(path: string, root = PageConfig.getOption('serverRoot')): string {
  // The server writes `~` for the home of its user.
  const folder = `${root.replace(/^~/, '').replace(/\/$/, '')}/`;
  const at = root.startsWith('~') ? path.indexOf(folder) : path.startsWith(folder) ? 0 : -1;
  return root && at >= 0 ? path.slice(at + folder.length) : path;
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
