/** The files that are on their way into a dataset, and how far each is. */

import type { CatalogError } from '../../../api/errors';
import type { IFarBytes } from '../../../api/upload';

/** A file of this computer, or one that lies where the host can read it part by part. */
export type AttachFile = File | (IFarBytes & { readonly name: string });

export interface IAttachItem {
  key: string;
  file: AttachFile;
  /** The name that it is attached under. */
  name: string;
  state: AttachState;
}

export type AttachState =
  | { kind: 'queued' }
  | { kind: 'sending'; sent: number }
  /** The connection was lost; it goes on when it is back. */
  | { kind: 'waiting'; sent: number }
  /** All of it is there, and becomes a file of the dataset. */
  | { kind: 'attaching' }
  | { kind: 'done' }
  | { kind: 'failed'; error: CatalogError };

let made = 0;

/** Make items, each with a name of its own: two of one name in two folders stay two. */
export function attachItems(files: readonly AttachFile[]): IAttachItem[] {
  const taken = new Set<string>();
  return files.map(file => {
    const name = freeName(file.name, taken);
    taken.add(name);
    return { key: `attach ${++made}`, file, name, state: { kind: 'queued' } };
  });
}

function freeName(name: string, taken: ReadonlySet<string>): string {
  const dot = name.lastIndexOf('.');
  const [stem, ending] = dot > 0 ? [name.slice(0, dot), name.slice(dot)] : [name, ''];
  let free = name;
  for (let n = 2; taken.has(free); n += 1) {
    free = `${stem} (${n})${ending}`;
  }
  return free;
}

/** What has an end. */
export function isEnded({ state }: IAttachItem): boolean {
  return state.kind === 'done' || state.kind === 'failed';
}

/** The bytes that have arrived, of all. */
export function bytesOf(items: readonly IAttachItem[]): { sent: number; size: number } {
  let sent = 0;
  let size = 0;
  for (const { file, state } of items) {
    size += file.size;
    sent +=
      state.kind === 'sending' || state.kind === 'waiting'
        ? state.sent
        : state.kind === 'queued'
          ? 0
          : file.size;
  }
  return { sent, size };
}

/** What kind of file its name says it is, in a form that the catalog takes: `csv`, `csv+gzip`. */
export function formatOf(name: string): string {
  const [, ending, zipped] = /\.([A-Za-z0-9]{1,16})(\.gz)?$/.exec(name) ?? [];
  return ending ? `${ending.toLowerCase()}${zipped ? '+gzip' : ''}` : 'bin';
}
