/** Reading the texts of a VCF's records. */

import type { TablePage } from '../tables/cells';

export const FIXED = ['CHROM', 'POS', 'ID', 'REF', 'ALT', 'QUAL', 'FILTER', 'INFO'] as const;

/** What a call says of the alternative alleles: none, one copy, two copies, or not called. */
export type Dose = 'reference' | 'one' | 'two' | 'missing' | 'other';

export interface IGenotype {
  /** `0/1`, as it is written. */
  text: string;
  dose: Dose;
}

/** Read the genotype of a sample's field, by the keys of FORMAT (VCF 4.3, section 1.6.2). */
export function genotype(format: string | null, field: string | null): IGenotype {
  const at = (format ?? '').split(':').indexOf('GT');
  const text = at < 0 ? '' : ((field ?? '').split(':')[at] ?? '');
  return { text, dose: doseOf(text) };
}

function doseOf(text: string): Dose {
  if (text === '') {
    return 'other';
  }
  const alleles = text.split(/[/|]/).filter(allele => allele !== '');
  if (alleles.every(allele => allele === '.')) {
    return 'missing';
  }
  if (!alleles.every(allele => /^(\d+|\.)$/.test(allele))) {
    return 'other';
  }
  const copies = alleles.filter(allele => allele !== '0' && allele !== '.').length;
  return copies === 0 ? 'reference' : copies === 1 && alleles.length > 1 ? 'one' : 'two';
}

/** The fields of INFO, in their order; a flag has no value. */
export function infoOf(text: string | null): ReadonlyMap<string, string | null> {
  const found = new Map<string, string | null>();
  for (const field of (text ?? '').split(';')) {
    const at = field.indexOf('=');
    if (field !== '') {
      found.set(at < 0 ? field : field.slice(0, at), at < 0 ? null : field.slice(at + 1));
    }
  }
  return found;
}

export function valuesOf(page: TablePage, name: string): TablePage['columns'][number]['values'] {
  return page.columns.find(column => column.name === name)?.values ?? [];
}

export function textOf(value: string | boolean | number | null | undefined): string | null {
  return value === null || value === undefined ? null : String(value);
}

/** What kind of change a record is, by the lengths of its alleles. */
export type VariantKind = 'base' | 'indel' | 'other';

export function kindOf(ref: string | null, alt: string | null): VariantKind {
  const alleles = (alt ?? '').split(',').filter(allele => allele !== '' && allele !== '*');
  const plain = [ref ?? '', ...alleles].every(allele => /^[ACGTN]+$/i.test(allele));
  if (!plain || !alleles.length) {
    return 'other';
  }
  return alleles.every(allele => allele.length === 1 && ref?.length === 1) ? 'base' : 'indel';
}

/** Count what is in a column, the most frequent first. */
export function counted(values: Iterable<string>): [string, number][] {
  const counts = new Map<string, number>();
  for (const value of values) {
    counts.set(value, (counts.get(value) ?? 0) + 1);
  }
  return [...counts].sort((a, b) => b[1] - a[1]);
}
