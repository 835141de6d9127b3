/**
 * A look at the first bytes of a file, before gigabytes of it are sent: what cannot be data is
 * told at once. Whether it can be read says the server, which has the last word.
 */

import type { Translate } from '../../words';
import { contents, type IFact } from './contents';
import { wholeness } from './whole';

const HEAD = 512;
const LFS = 'version https://git-lfs.github.com/spec/';

export interface IFault {
  title: string;
  detail: string;
  /** A command that mends it. */
  command?: string;
}

/** What a look at a file told. */
export interface ILook {
  /** Why it is no data; null where nothing stands against it. */
  fault: IFault | null;
  facts: readonly IFact[];
}

export async function peek(t: Translate, file: File, format: string | null): Promise<ILook> {
  const none = { fault: null, facts: [] };
  const broken = await nothingInIt(t, file, format);
  if (broken instanceof Uint8Array) {
    const fault = await wholeness(t, file, format, broken);
    const isPacked = broken[0] === 0x1f && broken[1] === 0x8b;
    // A help for who looks: what cannot be told here says the server.
    return fault ? { ...none, fault } : contents(t, file, format, isPacked).catch(() => none);
  }
  return { ...none, fault: broken };
}

/** Say why there are no data in it; else give its first bytes. */
async function nothingInIt(
  t: Translate,
  file: File,
  format: string | null
): Promise<IFault | Uint8Array> {
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
  return head;
}

function quoted(name: string): string {
  return /^[\w.-]+$/.test(name) ? name : `'${name.replace(/'/g, `'\\''`)}'`;
}
