import { describe, expect, it } from 'vitest';

import type { VersionRecord } from '../../api/records';
import { identifierOf, isIdentifier, proposedNames } from './names';

const record = (dataset_id: string, data_format: string | null) =>
  ({ dataset_id, data_format }) as VersionRecord;

describe('names of variables', () => {
  it.each([
    ['pbmc68k_reduced', 'pbmc68k_reduced'],
    ['10x-lung', '_10x_lung'],
    ['lung.2024 (b)', 'lung_2024__b_'],
    ['class', '_class'],
    ['', '_']
  ])('%s becomes %s', (id, name) => {
    expect(identifierOf(id)).toBe(name);
    expect(isIdentifier(identifierOf(id))).toBe(true);
  });

  it.each(['1a', 'a b', 'a-b', 'None', 'lambda', '', 'a\u202eb', 'x = 1'])('%j is none', text =>
    expect(isIdentifier(text)).toBe(false)
  );

  it.each(['adata', '_x1', 'größe', '数据'])('%s is one', text =>
    expect(isIdentifier(text)).toBe(true)
  );

  it('are those of the field, then the id', () => {
    expect(proposedNames(record('pbmc', 'h5ad'), 'kind')).toEqual(['adata', 'pbmc']);
    expect(proposedNames(record('cite', 'h5mu'), 'kind')).toEqual(['mdata', 'cite']);
    expect(proposedNames(record('t', 'csv+gzip'), 'kind')).toEqual(['df', 't']);
    expect(proposedNames(record('pbmc', 'h5ad'), 'id')).toEqual(['pbmc']);
    expect(proposedNames(record('notes', 'pdf'), 'kind')).toEqual(['notes']);
    expect(proposedNames(record('notes', null), 'kind')).toEqual(['notes']);
  });
});
