import { describe, expect, it } from 'vitest';

import { placeOf, queryOfPlace } from './address';

describe('the address of a dataset', () => {
  it.each([
    ['?omicshelf=immunology/pbmc3k', { atlas: 'immunology', id: 'pbmc3k' }],
    ['?omicshelf=immunology/pbmc3k@v2', { atlas: 'immunology', id: 'pbmc3k', version: 'v2' }],
    ['?omicshelf=a%20b%2Fc/pbmc3k', { atlas: 'a b/c', id: 'pbmc3k' }]
  ])('%s is %j', (search, dataset) => {
    const place = placeOf(search);
    expect(place).toEqual({ dataset, tab: 'overview' });
    expect(placeOf(queryOfPlace(place))).toEqual(place);
  });

  it('keeps a tab that there is, and no other', () => {
    expect(placeOf('?omicshelf=a/b&tab=files')?.tab).toBe('files');
    expect(placeOf('?omicshelf=a/b&tab=javascript:')?.tab).toBe('overview');
    expect(queryOfPlace({ dataset: { atlas: 'a', id: 'b' }, tab: 'files' })).toContain('tab=files');
  });

  it.each(['', '?omicshelf=', '?omicshelf=nothing', '?token=x'])('%j names none', search => {
    expect(placeOf(search)).toBeNull();
  });
});
