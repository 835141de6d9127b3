/**
 * A look at the first bytes of a file, before gigabytes of it are sent: what cannot be data is
 * told at once. Whether it can be read says the server, which has the last word.
 */

import type { Translate } from '../../words';

const HEAD = 512;
const HDF5 = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const IN_HDF5 = new Set(['h5ad', 'loom', 'gctx', 'h5seurat']);
const LFS = 'version https://git-lfs.github.com/spec/';

export interface IFault {
  title: string;
  detail: string;
  /** A command that mends it. */
  command?: string;
}

/** Say why a file is no data; null where nothing is to be said. */
export async function peek(
  t: Translate,
  file: File,
  format: string | null
): Promise<IFault | null> {
  if (file.size === 0) {
    return {
      title: t('The file is empty'),
      detail: t('It has 0 bytes: was it still being written? Choose it again when it is whole.')
    };
  }
  let head: Uint8Array;
  try {
    head = new Uint8Array(await file.slice(0, HEAD).arrayBuffer());
  } catch {
    return {
      title: t('The file cannot be read'),
      detail: t('It was moved or is a folder. Choose it again; a folder is added from a notebook.')
    };
  }
  const text = new TextDecoder('latin1').decode(head);
  if (text.startsWith(LFS)) {
    return {
      title: t('The file is a Git LFS pointer, not data'),
      detail: t('It only names the data. Get them in its folder, then choose the file again:'),
      command: `git lfs pull -I ${quoted(file.name)}`
    };
  }
  const isPage = /^\s*<(!doctype html|html)/i.test(text);
  if (isPage && format !== 'html') {
    return {
      title: t('The file is a web page, not data'),
      detail: t('A download that needed a login often leaves one. Download it again.')
    };
  }
  if (IN_HDF5.has(format ?? '') && !HDF5.every((byte, i) => head[i] === byte)) {
    return {
      title: t('The file is no HDF5, which {format} is', { format: format ?? '' }),
      detail: t('It may be damaged or have the wrong ending. Nothing was sent.')
    };
  }
  return null;
}

function quoted(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name.replace(/'/g, `'\\''`)}'`;
}
