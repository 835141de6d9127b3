/** From a file's name to an id, a title and a format. */

import type { FormatInfo } from '../../../api/records';

const LONGEST_ID = 200;
const ID = /^[0-9a-zA-Z_-]+$/;

/** What is wrong with an id: the rule that it breaks, or null. */
export type IdFault = 'empty' | 'characters' | 'long';

export function idFault(id: string): IdFault | null {
  if (!id) {
    return 'empty';
  }
  return !ID.test(id) ? 'characters' : id.length > LONGEST_ID ? 'long' : null;
}

/** Make an id of a name: `pbmc 3k (filtered)` -> `pbmc_3k_filtered`. */
export function proposeId(name: string): string {
  const plain = name.normalize('NFKD').replace(/[^\0-\x7f]/g, '');
  const id = plain.replace(/[^0-9a-zA-Z-]+/g, '_').slice(0, LONGEST_ID);
  return id.replace(/^[_-]+|[_-]+$/g, '') || 'dataset';
}

/** The first of `id_2`, `id_3` … that is free. */
export function nextFree(id: string, taken: { has(id: string): boolean }): string {
  for (let n = 2; ; n++) {
    const tail = `_${n}`;
    const next = id.slice(0, LONGEST_ID - tail.length) + tail;
    if (!taken.has(next)) {
      return next;
    }
  }
}

export interface INamed {
  /** The name without what tells its format. */
  stem: string;
  /** The format that the name tells, or null. */
  format: string | null;
}

/** Tell the format of a file by the longest ending that is known, as the catalog does. */
export function readName(name: string, formats: readonly FormatInfo[]): INamed {
  const endings = new Map<string, string>();
  for (const format of formats) {
    format.suffixes.forEach(suffix => endings.set(suffix, format.name));
  }
  return ofName(name, endings);
}

function ofName(name: string, endings: ReadonlyMap<string, string>): INamed {
  const base = name.replace(/^\.+/, '');
  const lower = base.toLowerCase();
  for (let at = lower.indexOf('.'); at >= 0; at = lower.indexOf('.', at + 1)) {
    const format = endings.get(lower.slice(at + 1));
    if (format) {
      return { stem: base.slice(0, at), format };
    }
  }
  const packed = /\.(gz|bgz)$/i.exec(base);
  if (packed) {
    const inner = ofName(base.slice(0, packed.index), endings);
    if (inner.format && !inner.format.includes('+')) {
      return { stem: inner.stem, format: `${inner.format}+gzip` };
    }
  }
  return { stem: base.replace(/\.[^.]*$/, '') || base, format: null };
}

const OF_FORMAT: readonly (readonly [RegExp, string])[] = [
  [/^(h5ad|loom|zarr|10x_h5|10x_mtx|h5seurat)$/, 'Single cell RNA-seq'],
  [/^h5mu$/, 'Single cell multiome'],
  [/^(gct|gctx|res)$/, 'Expression matrix'],
  [/^(vcf|bcf|maf|pgen|bgen)$/, 'Variants'],
  [/^(csv|tsv|txt|xlsx|xls|ods|parquet|feather|arrow)$/, 'Table'],
  [/^(png|jpeg|gif|webp|bmp|svg|tiff|ome\.tiff|czi|nd2|lif|svs|ndpi|dcm|nifti)$/, 'Image'],
  [/^(fasta|fastq|sam|bam|cram)$/, 'Sequences'],
  [/^(html|md|pdf|docx?|pptx?)$/, 'Document']
];

/** The type of data that a format tells where an atlas has none of that format yet. */
export function usualType(format: string | null): string {
  const plain = (format ?? '').replace(/\+gzip$/, '');
  return OF_FORMAT.find(([formats]) => formats.test(plain))?.[1] ?? 'File';
}
