import { describe, expect, it } from 'vitest';

import { pathOf, queryOf } from './transport';

describe('pathOf', () => {
  it('makes each name one segment', () => {
    expect(pathOf('studies', 'Lung/2')).toBe('/studies/Lung%2F2');
    expect(pathOf('files', 'a b?#%.png')).toBe('/files/a%20b%3F%23%25.png');
  });

  it('never gives a way through folders', () => {
    expect(pathOf('files', '..')).toBe('/files/%2E%2E');
    expect(pathOf('.')).toBe('/%2E');
  });

  it('takes text that is no Unicode', () => {
    expect(pathOf('a\uD800b')).toBe('/a%EF%BF%BDb');
  });
});

describe('queryOf', () => {
  it('repeats lists and leaves out what is not given', () => {
    expect(queryOf({ facets: ['a', 'b'], text: 'x y', after: null, limit: undefined })).toBe(
      '?facets=a&facets=b&text=x+y'
    );
    expect(queryOf({})).toBe('');
    expect(queryOf(undefined)).toBe('');
  });
});
