/**
 * Whether a file is whole, told by its first and last bytes: a download that broke off is told
 * before gigabytes of it are sent. Whether it can be read says the server, which has the last word.
 */

import type { Translate } from '../../words';
import { bytes as sizeInWords } from '../../base/format';
import type { IFault } from './peek';

const HDF5 = [0x89, 0x48, 0x44, 0x46, 0x0d, 0x0a, 0x1a, 0x0a];
const ZIP = [0x50, 0x4b, 0x03, 0x04];
const ZIP_END = [0x50, 0x4b, 0x05, 0x06];
const PARQUET = [0x50, 0x41, 0x52, 0x31];
const GZIP = [0x1f, 0x8b];
// The end of a zip may be followed by a comment of up to 64 kB.
const ZIP_TAIL = 22 + 0xffff;
// What bgzip writes at the end of a file: an empty block.
const BGZIP_END =
  '1f 8b 08 04 00 00 00 00 00 ff 06 00 42 43 02 00 1b 00 03 00 00 00 00 00 00 00 00 00'
    .split(' ')
    .map(byte => parseInt(byte, 16));
const IN_HDF5 = new Set(['h5ad', 'h5mu', 'loom', 'gctx', 'h5seurat']);
const IN_ZIP = new Set(['xlsx']);

/** Say why a file cannot be whole or is not of its format; null where nothing is to be said. */
export async function wholeness(
  t: Translate,
  file: Blob,
  format: string | null,
  head: Uint8Array
): Promise<IFault | null> {
  const plain = (format ?? '').replace(/\+gzip$/, '');
  if (format?.endsWith('+gzip')) {
    return begins(head, GZIP) ? packed(t, file, head) : other(t, 'gzip', format);
  }
  if (begins(head, HDF5)) {
    return hdf5(t, file, head);
  }
  if (begins(head, ZIP) && (IN_ZIP.has(plain) || plain === 'zarr')) {
    const tail = await last(file, ZIP_TAIL);
    return holds(tail, ZIP_END) ? null : cutOff(t);
  }
  if (begins(head, GZIP)) {
    return packed(t, file, head);
  }
  if (plain === 'parquet') {
    if (!begins(head, PARQUET)) {
      return other(t, 'Parquet', plain);
    }
    return begins(await last(file, PARQUET.length), PARQUET) ? null : cutOff(t);
  }
  return IN_HDF5.has(plain)
    ? other(t, 'HDF5', plain)
    : IN_ZIP.has(plain)
      ? other(t, 'zip', plain)
      : null;
}

/** An HDF5 file says where it ends, and whether somebody still writes it. */
function hdf5(t: Translate, file: Blob, head: Uint8Array): IFault | null {
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  const version = head[8];
  const offsets = version < 2 ? head[13] : head[9];
  const at = version === 0 ? 40 : version === 1 ? 44 : 28;
  if (offsets !== 8 || head.length < at + 8) {
    return null;
  }
  const end = Number(view.getBigUint64(at, true));
  if (end > file.size) {
    return cutOff(t, file.size, end);
  }
  const isOpen = version === 3 && (head[11] & 1) === 1;
  return isOpen
    ? {
        title: t('The file is still being written'),
        detail: t(
          'A program has it open, or was stopped while it wrote. Close it there, then choose the ' +
            'file again.'
        )
      }
    : null;
}

/** Of what is packed in blocks, the last one is known. */
async function packed(t: Translate, file: Blob, head: Uint8Array): Promise<IFault | null> {
  const isBgzip = (head[3] & 4) === 4 && head[12] === 0x42 && head[13] === 0x43;
  if (!isBgzip) {
    return null;
  }
  return begins(await last(file, BGZIP_END.length), BGZIP_END) ? null : cutOff(t);
}

function cutOff(t: Translate, has?: number, wanted?: number): IFault {
  const how =
    has !== undefined && wanted !== undefined
      ? t('It has {size} of {all}.', { size: sizeInWords(has), all: sizeInWords(wanted) })
      : t('Its end is missing.');
  return {
    title: t('The file is cut off'),
    detail: `${how} ${t('A download or a copy broke off: get it again.')}`
  };
}

function other(t: Translate, wanted: string, format: string): IFault {
  return {
    title: t('The file is no {wanted}, which {format} is', { wanted, format }),
    detail: t('It may be damaged or have the wrong ending.')
  };
}

async function last(file: Blob, n: number): Promise<Uint8Array> {
  return new Uint8Array(await file.slice(Math.max(0, file.size - n), file.size).arrayBuffer());
}

function begins(bytes: Uint8Array, with_: readonly number[], at = 0): boolean {
  return with_.every((byte, i) => bytes[at + i] === byte);
}

function holds(bytes: Uint8Array, wanted: readonly number[]): boolean {
  return bytes.some((byte, at) => byte === wanted[0] && begins(bytes, wanted, at));
}
