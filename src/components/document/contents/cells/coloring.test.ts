import { describe, expect, it } from 'vitest';

import {
  type Categories,
  type Numbers,
  categoryPaint,
  entriesOf,
  limitsOf,
  lookOf,
  numberPaint
} from './coloring';

const categories: Categories = {
  kind: 'categories',
  source: 'obs/type',
  codes: [0, 1, 1, -1, -2],
  categories: ['rare', 'many'],
  counts: [1, 20],
  n_categories: 7,
  n_other: 5,
  n_missing: 3,
  ordered: false,
  colors: ['#ff0000', 'steelblue; background: url(x)']
};

const numbers: Numbers = {
  kind: 'numbers',
  source: 'X/CD20',
  values: [0, 5, null, 100],
  min: 0,
  max: 100,
  quantiles: [0, 0, 1, 2, 4, 6, 8],
  n_missing: 1,
  n_zero: 1
};

describe('a colour by category', () => {
  it('lists the largest first, and what has no name last', () => {
    expect(entriesOf(categories).map(({ name, code, n }) => [name, code, n])).toEqual([
      ['many', 1, 20],
      ['rare', 0, 1],
      [null, -2, null],
      [null, -1, 3]
    ]);
    const ordered = entriesOf({ ...categories, ordered: true });
    expect(ordered.map(({ name }) => name)).toEqual(['rare', 'many', null, null]);
  });

  it('gives each point the colour of its entry; what is no colour is none', () => {
    const { codes, colors } = categoryPaint(categories);
    expect(colors[codes[0]]).toBe('#ff0000');
    expect(colors[codes[1]]).toMatch(/^#[0-9a-f]{6}$/);
    expect(new Set(codes).size).toBe(4);
  });

  it('leaves out what is hidden, and draws what was chosen last', () => {
    const look = lookOf(
      categoryPaint(categories),
      new Set([1]),
      categories.codes,
      Int32Array.of(0),
      3
    );
    expect([...look.order]).toEqual([3, 4, 0]);
    expect([...(look.faded ?? [])]).toEqual([0, 1, 1, 1, 1]);
  });
});

describe('a colour by number', () => {
  it('is clipped to quantiles, unless nothing would be left', () => {
    expect(limitsOf(numbers, '1')).toEqual([0, 8]);
    expect(limitsOf(numbers, 'none')).toEqual([0, 100]);
    const rarely = { ...numbers, quantiles: [0, 0, 0, 0, 0, 0, 0] };
    expect(limitsOf(rarely, '5')).toEqual([0, 100]);
  });

  it('draws the highest last and what has no value first', () => {
    const { order, codes } = numberPaint(numbers, [0, 8], 'viridis');
    expect([...order]).toEqual([2, 0, 1, 3]);
    expect([codes[0], codes[3]]).toEqual([0, 63]);
  });
});
