/** Names of variables. */

import type { VersionRecord } from '../../api/records';

// What Python, and what R, would not take for a name.
const RESERVED = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except ' +
    'finally for from global if import in is lambda nonlocal not or pass raise return try while ' +
    'with yield FALSE NULL TRUE NA NaN Inf function next repeat'
  ).split(' ')
);

const IDENTIFIER = /^[\p{ID_Start}_][\p{ID_Continue}]*$/u;

// The names that the field's tutorials use.
const OF_FORMAT: Record<string, string> = {
  h5ad: 'adata',
  zarr: 'adata',
  loom: 'adata',
  '10x_h5': 'adata',
  '10x_mtx': 'adata',
  h5mu: 'mdata',
  csv: 'df',
  tsv: 'df',
  txt: 'df',
  maf: 'df',
  seg: 'df',
  parquet: 'df',
  xlsx: 'df',
  gct: 'gct',
  gctx: 'gct',
  vcf: 'vcf',
  bcf: 'vcf'
};

/** Whether a text can be the name of a variable. */
export function isIdentifier(text: string): boolean {
  return IDENTIFIER.test(text) && !RESERVED.has(text);
}

/** Make a name of a dataset's id: `10x-lung` becomes `_10x_lung`. */
export function identifierOf(id: string): string {
  const name = id.replace(/[^A-Za-z0-9_]/g, '_') || '_';
  return /^[0-9]/.test(name) || RESERVED.has(name) ? `_${name}` : name;
}

/** The format without how it is packed: `csv+gzip` is a `csv`. */
export function plainFormat(format: string | null | undefined): string {
  return (format ?? '').split('+')[0].toLowerCase();
}

/** The names to try, in this order; behind the last, numbers follow. */
export function proposedNames(record: VersionRecord, naming: 'kind' | 'id'): string[] {
  const usual = OF_FORMAT[plainFormat(record.data_format)];
  const own = identifierOf(record.dataset_id);
  return naming === 'kind' && usual ? [usual, own] : [own];
}
