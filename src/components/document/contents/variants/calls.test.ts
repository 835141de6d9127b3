import { describe, expect, it } from 'vitest';

import { counted, genotype, infoOf, kindOf } from './calls';

describe('genotypes', () => {
  it.each([
    ['GT:DP', '0/0:3', 'reference'],
    ['GT', '0|1', 'one'],
    ['GT', '1/2', 'two'],
    ['GT', './.', 'missing'],
    ['GT', '.', 'missing'],
    ['GT', '1', 'two'], // haploid: all copies that there are
    ['GT', './1', 'one'],
    ['DP:GT', '12:0/1', 'one'],
    ['DP', '12', 'other'],
    [null, null, 'other'],
    ['GT', '<img>', 'other']
  ])('%s %s is %s', (format, field, dose) => {
    expect(genotype(format, field).dose).toBe(dose);
  });
});

it('fields of INFO have values, or are flags', () => {
  expect([...infoOf('AC=1;DB;AF=0.5=x;')]).toEqual([
    ['AC', '1'],
    ['DB', null],
    ['AF', '0.5=x']
  ]);
  expect(infoOf(null).size).toBe(0);
});

it.each([
  ['A', 'T', 'base'],
  ['A', 'T,G', 'base'],
  ['T', '*,TA', 'indel'],
  ['AT', 'A', 'indel'],
  ['A', '<DEL>', 'other'],
  ['A', null, 'other']
])('%s to %s is %s', (ref, alt, kind) => {
  expect(kindOf(ref, alt)).toBe(kind);
});

it('counts the most frequent first', () => {
  expect(counted(['a', 'b', 'b'])).toEqual([
    ['b', 2],
    ['a', 1]
  ]);
});
