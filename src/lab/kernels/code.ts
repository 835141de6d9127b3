/** The lines of code that load a dataset, as a person would write them. */

import type { IPart, LoadAs } from '../../components/host';
import { call, quoted } from '../../components/python';
import { plainFormat } from './names';

export interface ILoadCode {
  atlas: string;
  id: string;
  /** `v5`; null for the newest at the time when the code runs. */
  version: string | null;
  variable: string;
  as: LoadAs;
  part?: IPart;
}

export const IMPORT = 'from omicshelf import Catalog';
/** What a notebook runs where the kernel has no omicshelf. */
export const INSTALL = '%pip install omicshelf';

/** `adata = Catalog("immunology").load("pbmc68k_reduced", version="v5")` */
export function loadLine(code: ILoadCode): string {
  const words = [quoted(code.id)];
  if (code.version !== null) {
    words.push(`version=${quoted(code.version)}`);
  }
  const load = `${code.variable} = Catalog(${quoted(code.atlas)}).load`;
  if (code.as === 'part') {
    return call(load, [...words, ...partWords(code.part ?? {})]);
  }
  if (code.as !== 'memory') {
    words.push(`${code.as}=True`);
  }
  return `${load}(${words.join(', ')})`;
}

function partWords(part: IPart): string[] {
  const words: string[] = [];
  const columns = Object.entries(part.obs ?? {});
  if (columns.length) {
    const chosen = columns.map(([column, values]) => `${quoted(column)}: ${list(values)}`);
    words.push(`obs={${chosen.join(', ')}}`);
  }
  if (part.var?.length) {
    words.push(`var=${list(part.var)}`);
  }
  return words;
}

function list(texts: readonly string[]): string {
  return `[${texts.map(quoted).join(', ')}]`;
}

/** The line, with the import where it is needed. */
export function loadCode(code: ILoadCode, imported: boolean): string {
  return imported ? loadLine(code) : `${IMPORT}\n\n${loadLine(code)}`;
}

// What R reads each format with, given a path.
const IN_R: Record<string, string> = {
  h5ad: 'anndataR::read_h5ad',
  csv: 'read.csv',
  tsv: 'read.delim',
  parquet: 'arrow::read_parquet',
  xlsx: 'readxl::read_excel',
  vcf: 'VariantAnnotation::readVcf',
  gct: 'cmapR::parse_gctx',
  gctx: 'cmapR::parse_gctx'
};

/** The line for R, which reads the catalog's own file; null where R has nothing for the format. */
export function rLoadCode(code: ILoadCode, format: string | null | undefined): string | null {
  const read = IN_R[plainFormat(format)];
  if (!read) {
    return null;
  }
  const reference = code.version === null ? code.id : `${code.id}@${code.version}`;
  const words = ['--atlas', code.atlas, 'path', reference].map(quoted).join(', ');
  return `path <- system2("omicshelf", c(${words}), stdout = TRUE)\n${code.variable} <- ${read}(path)`;
}

/** Whether code has the import already. */
export function importsCatalog(source: string): boolean {
  return /^\s*from\s+omicshelf\s+import\s+[^#\n]*\bCatalog\b(?!\s+as\b)/m.test(source);
}

/**
 * Write a call of the kernel's side as one expression, which leaves nothing in its variables.
 *
 * The arguments travel as JSON in a literal: JSON's escapes are Python's.
 */
export function kernelCall(name: string, args: Record<string, unknown>): string {
  const told = JSON.stringify(JSON.stringify(args));
  return `__import__("omicshelf.notebook.kernel", fromlist=["${name}"]).${name}(**__import__("json").loads(${told}))`;
}
