import { Blob } from 'node:buffer';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';

import { translate } from '../../words';
import { isOneDataset } from './intake';
import { type IItem, itemsOf, progressOf, typeOf } from './items';
import { idFault, nextFree, proposeId, readName, usualType } from './naming';
import { peek } from './peek';

const FORMATS = [
  { name: 'h5ad', title: 'AnnData', suffixes: ['h5ad'], loadable: true },
  { name: 'csv', title: 'CSV', suffixes: ['csv'], loadable: true },
  { name: 'tiff', title: 'TIFF', suffixes: ['tiff', 'tif'], loadable: false },
  { name: 'ome.tiff', title: 'OME', suffixes: ['ome.tiff'], loadable: false },
  { name: '10x_h5', title: '10x', suffixes: ['h5'], loadable: true },
  { name: 'h5', title: 'HDF5', suffixes: ['h5', 'hdf5'], loadable: false }
];

describe('an id', () => {
  it.each([
    ['pbmc 3k (filtered)', 'pbmc_3k_filtered'],
    ['Größe – ä', 'Groe_a'],
    ['../../etc/passwd', 'etc_passwd'],
    ['数据', 'dataset'],
    ['x'.repeat(300), 'x'.repeat(200)]
  ])('of %j is %j', (name, id) => {
    expect(proposeId(name)).toBe(id);
    expect(idFault(proposeId(name))).toBeNull();
  });

  it.each([
    ['', 'empty'],
    ['a b', 'characters'],
    ['ä', 'characters'],
    ['x'.repeat(201), 'long']
  ])('%j is none: %s', (id, fault) => expect(idFault(id)).toBe(fault));

  it('has a next one that is free, and no longer than allowed', () => {
    expect(nextFree('a', new Set(['a_2', 'a_3']))).toBe('a_4');
    expect(nextFree('x'.repeat(200), new Set())).toHaveLength(200);
  });
});

describe('a name', () => {
  it.each([
    ['pbmc 3k (filtered).h5ad', 'pbmc 3k (filtered)', 'h5ad'],
    ['GSE1.v2.CSV.gz', 'GSE1.v2', 'csv+gzip'],
    ['slide.ome.tiff', 'slide', 'ome.tiff'],
    ['counts.h5', 'counts', 'h5'],
    ['notes', 'notes', null],
    ['x.unknown.gz', 'x.unknown', null],
    ['.hidden.csv', 'hidden', 'csv']
  ])('%j is %j of the format %s', (name, stem, format) => {
    expect(readName(name, FORMATS)).toEqual({ stem, format });
  });
});

describe('files', () => {
  const files = ['a.csv', 'a.h5ad', 'b.zzz'].map(name => new File(['12345'], name));

  it('have an id each', () => {
    const items = itemsOf(files, FORMATS);
    expect(items.map(item => item.id)).toEqual(['a', 'a_2', 'b']);
    expect(itemsOf(files.slice(0, 1), FORMATS, items)[0].id).toBe('a_3');
  });

  it('have the type that most of their format have, else what is usual', () => {
    const [csv, h5ad] = itemsOf(files, FORMATS);
    expect(typeOf(csv, { csv: 'Clinical' })).toBe('Clinical');
    expect(typeOf(h5ad, {})).toBe('Single cell RNA-seq');
    expect(typeOf({ ...h5ad, dataType: 'CITE-seq' }, {})).toBe('CITE-seq');
    expect(usualType('vcf+gzip')).toBe('Variants');
  });

  it('tell how far they are together', () => {
    const items = itemsOf(files, FORMATS);
    const states: IItem['state'][] = [
      { kind: 'sending', sent: 2, since: 0 },
      { kind: 'examining' },
      { kind: 'queued' }
    ];
    const going = items.map((item, i) => ({ ...item, state: states[i] }));
    expect(progressOf(going)).toEqual({ sent: 7, size: 15 });
  });
});

describe('a look at a file', () => {
  const t = translate();
  // jsdom's files have no arrayBuffer.
  const fileOf = (content: string, name: string) => {
    const bytes = Uint8Array.from(content, char => char.charCodeAt(0));
    const slice = (start: number, end: number) => ({
      arrayBuffer: () => Promise.resolve(bytes.slice(start, end).buffer)
    });
    return { name, size: bytes.length, slice } as unknown as File;
  };

  it.each([
    ['', 'a.csv', 'csv', 'The file is empty'],
    ['version https://git-lfs.github.com/spec/v1\n', 'a.h5ad', 'h5ad', 'Git LFS pointer'],
    ['<!DOCTYPE html><p>Log in', 'a.csv', 'csv', 'web page'],
    ['a,b\n1,2', 'a.h5ad', 'h5ad', 'no HDF5'],
    ['a,b\n1,2', 'a.h5mu', 'h5mu', 'no HDF5'],
    ['a,b\n1,2', 'a.csv.gz', 'csv+gzip', 'no gzip'],
    ['a,b\n1,2', 'a.parquet', 'parquet', 'no Parquet'],
    ['a,b\n1,2', 'a.xlsx', 'xlsx', 'no zip'],
    ['a,b\n1,2', 'a.gct', 'gct', 'no GCT'],
    ['a,b\n1,2', 'a.vcf', 'vcf', 'no VCF']
  ])('%j as %s', async (content, name, format, words) => {
    expect((await peek(t, fileOf(content, name), format)).fault?.title).toContain(words);
  });

  // As h5py writes them: of version 0, and of version 3 closed, open, and with what follows.
  const OLD = `\x89HDF\r\n\x1a\n\0\0\0\0\0\x08\x08\0\x04\0\x10\0\0\0\0\0${'\0'.repeat(8)}${'\xff'.repeat(8)}`;
  const NEW = (flags: string) =>
    `\x89HDF\r\n\x1a\n\x03\x08\x08${flags}${'\0'.repeat(8)}${'\xff'.repeat(8)}`;
  const end = (n: number) => `${String.fromCharCode(n & 255, n >> 8)}${'\0'.repeat(6)}`;
  const BLOCK = '\x1f\x8b\x08\x04\0\0\0\0\0\xff\x06\0BC\x02\0\x1b\0\x03\0\0\0\0\0\0\0\0\0';

  it.each([
    [`${OLD}${end(300)}${'.'.repeat(252)}`, 'h5ad', null],
    [`${OLD}${end(300)}${'.'.repeat(251)}`, 'h5ad', 'It has 299 B of 300 B.'],
    [`${NEW('\0')}${end(100)}${'.'.repeat(64)}`, 'h5ad', null],
    [`${NEW('\0')}${end(100)}${'.'.repeat(63)}`, 'loom', 'It has 99 B of 100 B.'],
    [`${NEW('\x01')}${end(100)}${'.'.repeat(64)}`, 'h5ad', 'A program has it open'],
    [`PK\x03\x04${'.'.repeat(70_000)}PK\x05\x06${'\0'.repeat(18)}`, 'xlsx', null],
    [`PK\x03\x04${'.'.repeat(70_000)}`, 'xlsx', 'Its end is missing.'],
    ['PAR1....PAR1', 'parquet', null],
    ['PAR1....PAR', 'parquet', 'Its end is missing.'],
    [BLOCK, 'vcf+gzip', null],
    [BLOCK.slice(0, -1), 'vcf+gzip', 'Its end is missing.']
  ])('whether %j is whole (%s): %s', async (content, format, words) => {
    const { fault } = await peek(t, fileOf(content, 'x'), format);
    const said = fault?.detail.replaceAll('\u00a0', ' ').slice(0, words?.length);
    expect(said ?? null).toBe(words);
  });

  it.each([
    ['gene,n\nA,1\nB,"2,5"\n', 'csv', '2 rows × 2 columns', 'gene, n'],
    ['#version 2.4\nHugo\tChr\nTP53\t17\n', 'maf', '1 row × 2 columns', 'Hugo, Chr'],
    ['#1.3\n978\t96\t11\t40\nid\t', 'gct', '96 samples × 978 genes', undefined],
    [
      '##fileformat=VCFv4.2\n##x\n#CHROM\tPOS\tID\tREF\tALT\tQUAL\tFILTER\tINFO\tFORMAT\tNA1\tNA2\n',
      'vcf',
      'VCFv4.2, 2 samples',
      'NA1, NA2'
    ],
    [`a,b\n${'1,2\n'.repeat(90_000)}`, 'csv', '2 columns', 'a, b']
  ])('tells what is in %j', async (content, format, title, detail) => {
    const look = await peek(t, fileOf(content, 'x'), format);
    expect(look).toEqual({ fault: null, facts: [detail ? { title, detail } : { title }] });
  });

  it('looks into what is packed', async () => {
    const file = new Blob([gzipSync('a,b,c\n1,2,3\n')]);
    const look = await peek(t, file as unknown as File, 'csv+gzip');
    expect(look.facts).toEqual([{ title: '3 columns', detail: 'a, b, c' }]);
  });

  it.each([
    ['<!doctype html>', 'a.html', 'html'],
    ['\x89HDF\r\n\x1a\n', 'a.h5ad', 'h5ad'],
    ['a,b', 'a.csv', 'csv']
  ])('%j as %s is nothing to tell', async (content, name, format) => {
    expect((await peek(t, fileOf(content, name), format)).fault).toBeNull();
  });

  it('quotes the name in the command that mends it', async () => {
    const file = fileOf('version https://git-lfs.github.com/spec/v1\n', "a '$(rm)'.h5ad");
    expect((await peek(t, file, 'h5ad')).fault?.command).toBe(
      "git lfs pull -I 'a '\\''$(rm)'\\''.h5ad'"
    );
  });

  it('says that a file which cannot be read is gone or a folder', async () => {
    const slice = () => ({ arrayBuffer: () => Promise.reject(new DOMException('gone')) });
    const file = { name: 'x', size: 1, slice } as unknown as File;
    expect((await peek(t, file, 'csv')).fault?.title).toBe('The file cannot be read');
  });
});

describe('a folder', () => {
  it.each([
    ['a.zarr', []],
    ['a', ['.zgroup', 'X']],
    ['a', ['zarr.json']],
    ['a', ['matrix.mtx.gz', 'barcodes.tsv.gz', 'features.tsv.gz']]
  ])('%s with %j is one dataset', (name, children) => {
    expect(isOneDataset(name, children)).toBe(true);
  });

  it('of files is none', () => expect(isOneDataset('data', ['a.h5ad', 'b.csv'])).toBe(false));
});
