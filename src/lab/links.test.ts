import { describe, expect, it } from 'vitest';

import { linkTo, takeLink } from './links';
import { parseReference, referenceOf } from './reference';

const HERE = 'http://127.0.0.1:8888/lab/tree/a.ipynb';

describe('a link', () => {
  it('names a dataset, and is taken out of the address', () => {
    expect(takeLink(`${HERE}?a=%20b&omicshelf=blood/pbmc@v2&token=x#top`)).toEqual({
      ref: { atlas: 'blood', id: 'pbmc', version: 'v2' },
      text: 'blood/pbmc@v2',
      url: `${HERE}?a=%20b&token=x#top`
    });
  });

  it('may be encoded, and need not name a version', () => {
    expect(takeLink(`${HERE}?omicshelf=blood%2Fpbmc`)).toEqual({
      ref: { atlas: 'blood', id: 'pbmc' },
      text: 'blood/pbmc',
      url: HERE
    });
  });

  it('is made as it is read', () => {
    const ref = { atlas: 'blood', id: 'pbmc', version: 'v2' };
    expect(takeLink(linkTo(ref, 'http://127.0.0.1:8888/user/ada/')).ref).toEqual(ref);
  });

  it('is not there', () => {
    expect(takeLink(`${HERE}?reset`)).toMatchObject({ ref: null, text: '', url: `${HERE}?reset` });
  });
});

describe('a reference', () => {
  it.each(['pbmc', 'a/b/c', 'a/', '/b', 'a/b@', 'a b/c', 'a/b@c@d', ''])('%j is none', text =>
    expect(parseReference(text)).toBeNull()
  );

  it('comes back as it was', () => {
    expect(referenceOf(parseReference(' blood/pbmc@submitted ')!)).toBe('blood/pbmc@submitted');
    expect(referenceOf(parseReference('blood/pbmc')!)).toBe('blood/pbmc');
  });
});
