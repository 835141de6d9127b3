import { describe, expect, it } from 'vitest';

import { type Choice, filterCode, holderOf } from './filterCode';
import type { IKernels } from '../../../host';
import type { VersionRecord } from '../../../../api/records';

const SOURCE = { atlas: 'blood', id: 'pbmc', version: 'v5', modality: '' };
const HOLDER = { variable: 'adata', load: null };

const code = (choice: Choice, source = SOURCE) => filterCode(source, HOLDER, choice);

describe('filterCode', () => {
  it('names cells one by one', () => {
    expect(code({ kind: 'names', names: ['AAA-1', 'CCC-1'], how: 'in an outline' })).toBe(
      [
        '# 2 observations in an outline, blood/pbmc v5',
        'chosen = adata.obs_names.isin([',
        '    "AAA-1", "CCC-1",',
        '])',
        'adata_subset = adata[chosen].copy()',
        'adata_subset'
      ].join('\n')
    );
  });

  it('tells positions that follow each other as ranges', () => {
    expect(code({ kind: 'rows', rows: [9, 3, 4, 5, 7, 10], how: 'chosen' })).toContain(
      'np.r_[\n    3:6, 7, 9:11,\n]'
    );
  });

  it('keeps or leaves out what has no value', () => {
    const choice = { kind: 'categories', column: 'type', values: ['B'] } as const;
    expect(code({ ...choice, missing: true })).toContain('\n]) | values.isna()\n');
    expect(code({ ...choice, missing: false })).toContain('\n]) & values.notna()\n');
    expect(code({ ...choice, values: [], missing: true })).toContain('adata.obs["type"].isna()');
  });

  it('is of the modality that was looked at', () => {
    const choice: Choice = { kind: 'rows', rows: [0], how: 'chosen' };
    expect(code(choice, { ...SOURCE, modality: 'rna' })).toContain('adata["rna"][chosen].copy()');
  });

  it('says nothing unseen, and leaves no comment', () => {
    const hostile = 'a"\n\u202eimport os\u2028#\u0007\\';
    const written = code({
      kind: 'categories',
      column: hostile,
      values: [hostile],
      missing: false
    });
    for (const unseen of ['\u202e', '\u2028', '\u0007']) {
      expect(written).not.toContain(unseen);
    }
    expect(written.split('\n')[0]).toMatch(/^# By a"\ufffd\ufffdimport os/);
    expect(written.split('\n').filter(line => line.startsWith('import'))).toEqual([]);
  });
});

describe('holderOf', () => {
  const dataset = { atlas: 'blood', id: 'pbmc' };
  const version = { seq: 5 } as VersionRecord;

  it('takes the variable that holds this version', async () => {
    const loaded = (name: string, v: string) => ({
      name,
      loadedFrom: { atlas: 'blood', id: 'pbmc', version: v }
    });
    const kernels = {
      current: {},
      variables: () => Promise.resolve([loaded('old', 'v4'), loaded('mine', 'v5')])
    } as unknown as IKernels;
    expect(await holderOf(kernels, dataset, version)).toEqual({ variable: 'mine', load: null });
  });

  it('loads into another variable where the name is taken', async () => {
    const kernels = {
      current: {},
      variables: () => Promise.resolve([]),
      plan: (_ref: unknown, _version: unknown, { variable = 'adata' }: { variable?: string }) =>
        Promise.resolve({
          variable,
          code: `${variable} = …`,
          obstacle: variable === 'adata' ? { kind: 'exists', free: 'pbmc' } : null
        })
    } as unknown as IKernels;
    expect(await holderOf(kernels, dataset, version)).toEqual({
      variable: 'pbmc',
      load: 'pbmc = …'
    });
  });

  it('names the version where there is no kernel', async () => {
    const { load } = await holderOf(undefined, dataset, version);
    expect(load).toContain('adata = Catalog("blood").load("pbmc", version="v5")');
  });
});
