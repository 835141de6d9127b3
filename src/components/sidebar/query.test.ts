import { describe, expect, it } from 'vitest';

import {
  type ISearch,
  NO_SEARCH,
  committed,
  parseSearch,
  questionOf,
  rangeOf,
  textOf,
  toggleValue,
  valuesOf,
  withRange,
  withValues,
  withoutField,
  wordsOf
} from './query';

const typed = (text: string): ISearch => ({ ...NO_SEARCH, ...parseSearch(text) });

describe('cutting a search', () => {
  it('tells terms from words, wherever they stand', () => {
    const found = typed('pbmc tissue:lung  fibrosis -organism:mouse');
    expect(found.words).toBe('pbmc fibrosis');
    expect(found.terms.map(term => [term.key, term.value, term.negated])).toEqual([
      ['tissue', 'lung', false],
      ['organism', 'mouse', true]
    ]);
  });

  it('keeps quoted values whole, and a quote that is open', () => {
    expect(typed('tissue:"bone marrow" x').terms[0].value).toBe('bone marrow');
    expect(typed('tissue:"bone mar').terms[0].value).toBe('bone mar');
  });

  it('takes an address for a word', () => {
    expect(typed('https://example.org/x').terms).toEqual([]);
  });

  it('is written again as it was typed', () => {
    expect(textOf(typed('size:>1000 pbmc'))).toBe('size:>1000 pbmc');
  });

  it('gives the words without signs', () => {
    expect(wordsOf(typed('CD4+ t-cells größe'))).toEqual(['CD4', 't', 'cells', 'größe']);
  });
});

describe('choosing values', () => {
  it('makes one term of the values of a field, in the words of the grammar', () => {
    let search = toggleValue(NO_SEARCH, 'data_type', 'Bulk RNA');
    search = toggleValue(search, 'data_type', 'Table');
    expect(textOf(search)).toBe('type:"Bulk RNA,Table"');
    expect(valuesOf(search, 'data_type')).toEqual(['Bulk RNA', 'Table']);
    expect(textOf(toggleValue(search, 'data_type', 'bulk rna'))).toBe('type:Table');
  });

  it('sees what was typed as chosen', () => {
    expect(valuesOf(typed('tissue:lung,blood'), 'tissue')).toEqual(['lung', 'blood']);
    expect(valuesOf(typed('-tissue:lung tissue:~lun tissue:*'), 'tissue')).toEqual([]);
  });

  it.each(['a, b', 'say "x"', '>5', '*', 'back\\slash'])(
    'sends %j as it is, which the grammar cannot write',
    value => {
      const search = toggleValue(NO_SEARCH, 'title', value);
      expect(search.terms).toEqual([]);
      expect(questionOf(search)).toEqual({
        search: undefined,
        where: [['title', 'in', [value]]]
      });
      expect(toggleValue(search, 'title', value)).toEqual(NO_SEARCH);
    }
  );

  it('does not mistake a metadata key for a field of the same name', () => {
    expect(questionOf(toggleValue(NO_SEARCH, 'type', 'x')).where).toEqual([['type', 'in', ['x']]]);
    expect(questionOf(toggleValue(NO_SEARCH, 'my key', 'x')).where).toEqual([
      ['my key', 'in', ['x']]
    ]);
  });

  it('keeps the place of a term', () => {
    const search = withValues(typed('tissue:lung organism:human'), 'tissue', ['blood']);
    expect(textOf(search)).toBe('tissue:blood organism:human');
    expect(textOf(withoutField(search, 'tissue'))).toBe('organism:human');
  });
});

describe('ranges', () => {
  it('has one of a key', () => {
    let search = withRange(typed('pbmc'), 'modified', '>=2026-11-14');
    search = withRange(search, 'modified', '>=2026-11-01');
    expect(textOf(search)).toBe('modified:>=2026-11-01 pbmc');
    expect(rangeOf(search, 'modified')).toBe('>=2026-11-01');
    expect(textOf(withRange(search, 'modified', null))).toBe('pbmc');
  });
});

describe('the question', () => {
  it('has no quote that is open', () => {
    expect(questionOf({ ...NO_SEARCH, words: '"lung at' }).search).toBe('lung at');
  });

  it.each([
    ['tissue:', undefined],
    ['tissue:lu', 'tissue:~"lu"'],
    ['pbmc tissue:"bone m', 'pbmc tissue:~"bone m"'],
    ['n_obs:>10', 'n_obs:>10'],
    ['tissue:lung,li', 'tissue:lung,li'],
    ['-tissue:lu', '-tissue:lu']
  ])('of %j, which is being typed, is %j', (words, asked) => {
    expect(questionOf({ ...NO_SEARCH, words }).search).toBe(asked);
  });
});

describe('finishing a term', () => {
  it('takes it when a space follows, or when told', () => {
    const typing = { ...NO_SEARCH, words: 'pbmc tissue:lung' };
    expect(committed(typing, false)).toBe(typing);
    expect(committed(typing, true)).toMatchObject({ words: 'pbmc', terms: [{ key: 'tissue' }] });
    const spaced = committed({ ...NO_SEARCH, words: 'tissue:lung ' }, false);
    expect(spaced).toMatchObject({ words: '', terms: [{ raw: 'tissue:lung' }] });
  });
});
