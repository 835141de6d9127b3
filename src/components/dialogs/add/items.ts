/** The files that are to be added: what each will be, and how far it is. */

import type { CatalogError } from '../../../api/errors';
import type { DatasetRecord, FormatInfo } from '../../../api/records';
import { nextFree, proposeId, readName, usualType } from './naming';
import type { IFact } from './contents';
import type { IFault } from './peek';

export interface IItem {
  key: string;
  file: File;
  title: string;
  id: string;
  /** Null where the name tells none. */
  format: string | null;
  /** Null as long as the person has chosen none: then it is what is usual. */
  dataType: string | null;
  /** Save it as the next version of the dataset of this id. */
  asVersion: boolean;
  fault: IFault | null;
  /** What a look at it told. */
  facts: readonly IFact[];
  state: ItemState;
}

export type ItemState =
  | { kind: 'ready' }
  | { kind: 'queued' }
  | { kind: 'sending'; sent: number; since: number }
  /** The connection was lost; it goes on when it is back. */
  | { kind: 'waiting'; sent: number }
  /** All of it is there; the server reads it. */
  | { kind: 'examining' }
  | { kind: 'done'; record: DatasetRecord }
  | { kind: 'failed'; error: CatalogError };

/** What has an end: it is added or not, and nothing more happens by itself. */
export function isOver({ state }: IItem): boolean {
  return state.kind === 'done' || state.kind === 'failed';
}

export function isUnderWay({ state }: IItem): boolean {
  return ['queued', 'sending', 'waiting', 'examining'].includes(state.kind);
}

let made = 0;

/** Make items of files, each with an id of its own. */
export function itemsOf(
  files: readonly File[],
  formats: readonly FormatInfo[],
  others: readonly IItem[] = []
): IItem[] {
  const ids = new Set(others.map(item => item.id));
  return files.map(file => {
    const { stem, format } = readName(file.name, formats);
    const proposed = proposeId(stem);
    const id = ids.has(proposed) ? nextFree(proposed, ids) : proposed;
    ids.add(id);
    return {
      key: `file ${++made}`,
      file,
      title: stem,
      id,
      format,
      dataType: null,
      asVersion: false,
      fault: null,
      facts: [],
      state: { kind: 'ready' }
    };
  });
}

export function typeOf(item: IItem, usual: Readonly<Record<string, string>>): string {
  return item.dataType ?? usual[item.format ?? ''] ?? usualType(item.format);
}

/** Progress of all: the bytes that have arrived, of all that are to. */
export function progressOf(items: readonly IItem[]): { sent: number; size: number } {
  let sent = 0;
  let size = 0;
  for (const { file, state } of items) {
    if (state.kind === 'ready') {
      continue;
    }
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
