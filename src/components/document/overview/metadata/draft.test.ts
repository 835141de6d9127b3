import { describe, expect, it } from 'vitest';
import {
  asKind,
  fieldOf,
  fieldsOf,
  inexact,
  metadataOf,
  newField,
  problemOf,
  same,
  valueOf
} from './draft';
import { formatMetadata, parseMetadata } from './json';
import { mergeFields, settle } from './merge';
import { meant } from './useSuggestions';

const METADATA = {
  title: 'PBMC',
  organism: 'Homo sapiens',
  cell_type: ['T cell', 'B cell'],
  ages: [31, 32.5],
  donors: 3,
  frozen: false,
  protocol: { kit: 'v1', lanes: [1, 2] },
  nothing: null,
  empty: [],
  twice: ['a', 'a'],
  __proto: { a: 1 }
};

describe('fields of metadata', () => {
  it('give back what they were made of', () => {
    expect(metadataOf(fieldsOf(METADATA))).toEqual(METADATA);
    const proto = JSON.parse('{"__proto__": {"polluted": true}, "constructor": "x"}') as object;
    const again = metadataOf(fieldsOf(proto as Record<string, unknown>));
    expect(JSON.stringify(again)).toBe(JSON.stringify(proto));
    expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
  });

  it('keep numbers numbers, lists lists and texts texts', () => {
    const number = { ...fieldOf('donors', 3), text: '4' };
    expect(valueOf(number)).toBe(4);
    expect(valueOf({ ...fieldOf('title', '3'), text: '4' })).toBe('4');
    expect(valueOf({ ...fieldOf('ages', [1]), items: ['1', '2.5'] })).toEqual([1, 2.5]);
    expect(valueOf({ ...fieldOf('x', true), text: 'false' })).toBe(false);
    expect(valueOf(asKind({ ...newField('n'), text: '12' }, 'number'))).toBe(12);
    expect(valueOf(asKind({ ...newField('n'), text: 'lung' }, 'texts'))).toEqual(['lung']);
  });

  it.each([
    ['not-a-number', { ...fieldOf('donors', 3), text: 'three' }],
    ['not-exact', { ...fieldOf('donors', 3), text: '9007199254740993' }],
    ['not-json', { ...fieldOf('p', { a: 1 }), text: '{"a": }' }],
    ['nul', { ...fieldOf('t', 'x'), text: 'a\u0000b' }],
    ['surrogate', { ...fieldOf('t', 'x'), text: 'a\ud800' }],
    ['no-key', { ...newField(), text: 'a value' }],
    ['taken-key', { ...newField('title'), text: 'a value' }],
    ['not-a-number', { ...fieldOf('ages', [1]), items: ['1', 'two'] }]
  ] as const)('say what is wrong: %s', (problem, field) => {
    expect(problemOf(field, [...fieldsOf({ title: 'PBMC' }), field])).toBe(problem);
  });

  it('are not wrong while nothing is typed', () => {
    const empty = newField();
    expect(problemOf(empty, [empty])).toBeNull();
    expect(metadataOf([empty, newField('organism')])).toEqual({});
  });

  it('know the numbers that a browser rounds', () => {
    expect(inexact({ a: 1, b: { c: [2 ** 53 + 2] }, d: 'x', e: 0.1 })).toEqual(['b']);
  });

  it('compare as JSON does', () => {
    expect(same({ a: [1, { b: 2 }] }, { a: [1, { b: 2 }] })).toBe(true);
    expect(same({ a: 1, b: 2 }, { b: 2, a: 1 })).toBe(true);
    expect(same([1, 2], [2, 1])).toBe(false);
    expect(same({ a: undefined }, {})).toBe(false);
    expect(same([], {})).toBe(false);
    expect(same('1', 1)).toBe(false);
  });
});

describe('metadata as JSON', () => {
  it('are read, and written as they were', () => {
    expect(parseMetadata(formatMetadata(METADATA)).metadata).toEqual(METADATA);
    expect(parseMetadata('{"a": {"": 1}}').problem).toMatchObject({ kind: 'empty-key', column: 8 });
    expect(parseMetadata('{"a": [1, "b"]}').metadata).toEqual({ a: [1, 'b'] });
  });

  it('say where they are wrong', () => {
    const text = '{\n  "a": 1\n  "b": 2\n}';
    expect(parseMetadata(text).problem).toMatchObject({ kind: 'syntax', line: 3, column: 3 });
    expect(parseMetadata('[1]').problem?.kind).toBe('not-an-object');
    expect(parseMetadata('{"n": 9007199254740993}').problem).toMatchObject({
      kind: 'not-exact',
      line: 1,
      column: 7
    });
    expect(parseMetadata('{"n": "9007199254740993"}').problem).toBeNull();
  });
});

describe('a merge', () => {
  const base = { tissue: 'blood', organism: 'Homo sapiens', donors: 1, old: 'x' };

  it('takes over what only they changed, and keeps what was typed', () => {
    const fields = fieldsOf(base).map(field =>
      field.key === 'tissue' ? { ...field, text: 'lung' } : field
    );
    const theirs = { tissue: 'blood', organism: 'Mus musculus', donors: 1, assay: '10x' };
    const merged = mergeFields(fields, base, theirs);
    expect(merged.clashes).toEqual([]);
    expect(metadataOf(merged.fields)).toEqual({
      tissue: 'lung',
      organism: 'Mus musculus',
      donors: 1,
      assay: '10x'
    });
  });

  it('asks where both changed the same, and takes what is chosen', () => {
    const fields = fieldsOf(base)
      .map(field => (field.key === 'tissue' ? { ...field, text: 'lung' } : field))
      .filter(field => field.key !== 'old');
    const merged = mergeFields(fields, base, { ...base, tissue: 'liver', old: 'y' });
    expect(merged.clashes.map(({ key, mine, theirs }) => [key, mine, theirs])).toEqual([
      ['tissue', 'lung', 'liver'],
      ['old', undefined, 'y']
    ]);
    const [tissue, old] = merged.clashes;
    let settled = settle(merged.fields, { ...tissue, choice: 'theirs' });
    settled = settle(settled, { ...old, choice: 'mine' });
    expect(metadataOf(settled)).toEqual({ tissue: 'liver', organism: 'Homo sapiens', donors: 1 });
    settled = settle(settled, { ...tissue, choice: 'mine' });
    settled = settle(settled, { ...old, choice: 'theirs' });
    expect(metadataOf(settled)).toMatchObject({ tissue: 'lung', old: 'y' });
  });

  it('loses nothing that is wrong yet', () => {
    const fields = fieldsOf(base).map(field =>
      field.key === 'donors' ? { ...field, text: 'thre' } : field
    );
    const merged = mergeFields(fields, base, { ...base, donors: 2 });
    expect(merged.fields.find(field => field.key === 'donors')?.text).toBe('thre');
    expect(merged.clashes).toMatchObject([{ key: 'donors', mine: 'thre', theirs: 2 }]);
  });
});

describe('a value that is meant', () => {
  const inUse = ['lung', 'Homo sapiens', 'T cell'];
  it.each([
    ['lnug', 'lung'],
    ['homo sapiens', 'Homo sapiens'],
    ['lungs', 'lung'],
    ['t_cell', 'T cell'],
    ['lung', null],
    ['liver', null],
    ['', null]
  ])('%s: %s', (typed, found) => expect(meant(typed, inUse)).toBe(found));
});
