/** The rows of the list of files: by tag, or one after the other. */

import type { FileRecord } from '../../../api/records';

export type FileOrder = 'tag' | 'newest' | 'name' | 'size';

export type FileRow =
  | { kind: 'group'; tag: string | null; n: number; open: boolean }
  | { kind: 'file'; file: FileRecord; level: number };

/** A file that is replaced or brought back stays selected: it is known by its name. */
export function rowKey(row: FileRow): string {
  // No name of a file has a slash.
  return row.kind === 'group' ? `tag/${row.tag ?? ''}` : row.file.file_name;
}

const COMPARE: Record<Exclude<FileOrder, 'tag'>, (a: FileRecord, b: FileRecord) => number> = {
  newest: (a, b) => b.created_at - a.created_at,
  name: (a, b) => a.file_name.localeCompare(b.file_name, undefined, { numeric: true }),
  size: (a, b) => (b.size ?? 0) - (a.size ?? 0)
};

/** The rows that are seen: those that contain the words, under the tags that are unfolded. */
export function rowsOf(
  files: readonly FileRecord[],
  order: FileOrder,
  words: string,
  folded: ReadonlySet<string>
): FileRow[] {
  const sought = words.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  const found = files.filter(file => {
    const text = `${file.file_name} ${file.tag ?? ''}`.toLocaleLowerCase();
    return sought.every(word => text.includes(word));
  });
  if (order !== 'tag') {
    return found.sort(COMPARE[order]).map(file => ({ kind: 'file', file, level: 1 }));
  }
  return tagsOf(found).flatMap(tag => {
    const inside = found.filter(file => (file.tag ?? null) === tag).sort(COMPARE.name);
    const group: FileRow = { kind: 'group', tag, n: inside.length, open: true };
    // Who looks for a name sees it wherever it is.
    if (folded.has(rowKey(group)) && !sought.length) {
      return [{ ...group, open: false }];
    }
    return [group, ...inside.map((file): FileRow => ({ kind: 'file', file, level: 2 }))];
  });
}

/** The tags that are in use, in order; null, of files without one, last. */
export function tagsOf(files: readonly FileRecord[]): (string | null)[] {
  const tags = [...new Set(files.map(file => file.tag ?? null))];
  return tags.sort((a, b) => (a === null ? 1 : b === null ? -1 : a.localeCompare(b)));
}
