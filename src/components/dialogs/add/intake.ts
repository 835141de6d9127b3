/** What was dropped or chosen: files, and folders that are one dataset themselves. */

export interface IDropped {
  files: readonly File[];
  /** Names of folders that are a dataset as a whole: zarr, 10x. A browser cannot send them. */
  folders: readonly string[];
}

export function hasFiles(transfer: DataTransfer | null): boolean {
  return transfer !== null && [...transfer.types].includes('Files');
}

// More than these nobody means to drop; a folder of them was let go by mistake.
export const MOST_FILES = 2000;

/** Read what was dropped, with what lies in folders. Called in the event itself. */
export async function dropped(transfer: DataTransfer): Promise<IDropped> {
  // The entries are there only while the event lasts.
  const items = [...(transfer.items ?? [])].filter(item => item.kind === 'file');
  const entries = items.map(item => item.webkitGetAsEntry?.() ?? null);
  if (!entries.some(Boolean)) {
    return { files: [...transfer.files], folders: [] };
  }
  const found: { files: File[]; folders: string[] } = { files: [], folders: [] };
  for (const entry of entries) {
    await take(entry, found);
  }
  return found;
}

async function take(
  entry: FileSystemEntry | null,
  found: { files: File[]; folders: string[] }
): Promise<void> {
  if (!entry || found.files.length >= MOST_FILES || entry.name.startsWith('.')) {
    return;
  }
  if (entry.isFile) {
    found.files.push(
      await new Promise<File>((resolve, reject) =>
        (entry as FileSystemFileEntry).file(resolve, reject)
      )
    );
    return;
  }
  const children = await childrenOf(entry as FileSystemDirectoryEntry);
  if (
    isOneDataset(
      entry.name,
      children.map(({ name }) => name)
    )
  ) {
    found.folders.push(entry.name);
    return;
  }
  for (const child of children) {
    await take(child, found);
  }
}

async function childrenOf(folder: FileSystemDirectoryEntry): Promise<FileSystemEntry[]> {
  const reader = folder.createReader();
  const all: FileSystemEntry[] = [];
  for (;;) {
    const some = await new Promise<FileSystemEntry[]>((resolve, reject) =>
      reader.readEntries(resolve, reject)
    );
    if (!some.length || all.length > MOST_FILES) {
      return all;
    }
    all.push(...some);
  }
}

/** Whether a folder is a dataset as a whole, and not a folder with datasets in it. */
export function isOneDataset(name: string, children: readonly string[]): boolean {
  const has = (...names: string[]) => names.some(one => children.includes(one));
  return (
    /\.zarr$/i.test(name) ||
    has('.zgroup', '.zattrs', 'zarr.json') ||
    (has('matrix.mtx', 'matrix.mtx.gz') && has('barcodes.tsv', 'barcodes.tsv.gz'))
  );
}
