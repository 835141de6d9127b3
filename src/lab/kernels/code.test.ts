import { describe, expect, it } from 'vitest';

import { type ILoadCode, importsCatalog, kernelCall, loadCode, loadLine, rLoadCode } from './code';

const CODE: ILoadCode = {
  atlas: 'immunology',
  id: 'pbmc68k_reduced',
  version: 'v5',
  variable: 'adata',
  as: 'memory'
};

describe('the line that loads', () => {
  it('names the version', () => {
    expect(loadLine(CODE)).toBe(
      'adata = Catalog("immunology").load("pbmc68k_reduced", version="v5")'
    );
  });

  it('loads the newest where that is wanted', () => {
    expect(loadLine({ ...CODE, version: null })).toBe(
      'adata = Catalog("immunology").load("pbmc68k_reduced")'
    );
  });

  it.each(['backed', 'lazy'] as const)('says that it is %s', as => {
    expect(loadLine({ ...CODE, as })).toBe(
      `adata = Catalog("immunology").load("pbmc68k_reduced", version="v5", ${as}=True)`
    );
  });

  it('has the import above it only where that is needed', () => {
    expect(loadCode(CODE, false)).toBe(`from omicshelf import Catalog\n\n${loadLine(CODE)}`);
    expect(loadCode(CODE, true)).toBe(loadLine(CODE));
  });

  it('names what comes of it, where that is a part', () => {
    const part = { obs: { tissue: ['nose', 'lung'] }, var: ['MS4A1'] };
    expect(loadLine({ ...CODE, as: 'part', part: { var: ['CD3D', 'MS4A1'] } })).toBe(
      'adata = Catalog("immunology").load(\n    "pbmc68k_reduced",\n    version="v5",\n' +
        '    var=["CD3D", "MS4A1"],\n)'
    );
    expect(loadLine({ ...CODE, id: 'x', as: 'part', part: { obs: part.obs } })).toBe(
      'adata = Catalog("immunology").load("x", version="v5", obs={"tissue": ["nose", "lung"]})'
    );
    expect(loadLine({ ...CODE, as: 'part', part })).toContain('    var=["MS4A1"],\n)');
  });

  it('is literals only, whatever columns, categories and genes are called', () => {
    const odd = '"]}); import os #\n\\\u202e<img src=x onerror=1>';
    const line = loadLine({ ...CODE, as: 'part', part: { obs: { [odd]: [odd] }, var: [odd] } });
    const [, column, value, gene] =
      /\n {4}obs=\{(".*"): \[(".*")\]\},\n {4}var=\[(".*")\],\n\)$/.exec(line)!;
    expect([column, value, gene].map(text => JSON.parse(text) as string)).toEqual([odd, odd, odd]);
    expect(line).not.toContain('\u202e');
  });

  it('is one literal, whatever an id holds', () => {
    const id = 'a"); import os; ("\n\\';
    const line = loadLine({ ...CODE, id });
    expect(line).not.toContain('\n');
    const literal = /\.load\((".*"), version=/.exec(line)![1];
    expect(JSON.parse(literal)).toBe(id);
  });
});

describe('the line for R', () => {
  it('reads the file of the version', () => {
    expect(rLoadCode(CODE, 'h5ad')).toBe(
      'path <- system2("omicshelf", c("--atlas", "immunology", "path", "pbmc68k_reduced@v5"), stdout = TRUE)\n' +
        'adata <- anndataR::read_h5ad(path)'
    );
  });

  it('knows packed tables, and says where R reads nothing', () => {
    expect(rLoadCode(CODE, 'csv+gzip')).toContain('read.csv(path)');
    expect(rLoadCode(CODE, 'bcf')).toBeNull();
    expect(rLoadCode(CODE, null)).toBeNull();
  });
});

describe('the import', () => {
  it.each([
    ['from omicshelf import Catalog', true],
    ['import os\nfrom omicshelf import connect, Catalog  # ours', true],
    ['from omicshelf import Catalog as C', false],
    ['# from omicshelf import Catalog', false],
    ['from omicshelf import connect  # Catalog', false],
    ['import omicshelf', false]
  ])('%s: %s', (source, found) => {
    expect(importsCatalog(source)).toBe(found);
  });
});

describe('a call of the kernel’s side', () => {
  it('carries any text as one literal', () => {
    const args = { name: 'a"b\\c\n\u0000\u2028 \ud800 é', n: 1, none: null };
    const call = kernelCall('plan', args);
    expect(call).not.toContain('\n');
    expect(call).not.toContain('\u0000');
    const literal = /loads\((".*")\)\)$/s.exec(call)![1];
    expect(JSON.parse(JSON.parse(literal) as string)).toEqual(args);
  });
});
