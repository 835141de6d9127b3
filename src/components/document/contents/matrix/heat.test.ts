import { describe, expect, it } from 'vitest';

import {
  type Matrix,
  annotationOf,
  drawnOf,
  joined,
  median,
  perColumn,
  standardized
} from './heat';

const block = (columns: string[], values: (number | null)[][], fields: unknown[] = []): Matrix =>
  ({
    source: 'X',
    row_axis: 'var',
    n_rows: 2,
    n_columns: 3,
    rows: [0, 1],
    columns: [0, 1],
    row_names: ['g1', 'g2'],
    column_names: columns,
    row_fields: [{ name: 'symbol', type: 'string', n_cut: 0, values: ['CD20', null] }],
    column_fields: fields,
    values
  }) as unknown as Matrix;

describe('a heat map', () => {
  it('joins what lies beside each other', () => {
    const field = (values: unknown[]) => ({ name: 'dose', type: 'string', n_cut: 0, values });
    const made = joined([
      block(['a', 'b'], [[1, 2], [3, null]], [field(['x', 'y'])]),
      block(['c'], [[9], [8]], [field(['x'])])
    ]); // prettier-ignore
    expect(made.values).toEqual([[1, 2, 9], [3, null, 8]]); // prettier-ignore
    expect(made.columnNames).toEqual(['a', 'b', 'c']);
    expect(made.fields[0].values).toEqual(['x', 'y', 'x']);
    expect(made.rowLabels).toEqual(['CD20', 'g2']);
    expect(drawnOf(made, 'value').limits).toEqual([1, 9]);
    expect(annotationOf(made.fields[0]).legend?.map(({ name, n }) => [name, n])).toEqual([
      ['x', 2],
      ['y', 1]
    ]);
  });

  it('standardizes each row by itself', () => {
    expect(standardized([1, 2, null, 3])).toEqual([-1, 0, null, 1]);
    expect(standardized([4, 4])).toEqual([0, 0]);
  });

  it('marks the columns that are unlike the others', () => {
    expect(median([3, null, 1, 2])).toBe(2);
    const { medians, bounds, middle } = perColumn([[1, 2, 3, 2, 50]]);
    expect([medians[4], middle]).toEqual([50, 2]);
    expect(bounds?.[1]).toBeCloseTo(2 + 3 * 1.4826);
    expect(perColumn([[5, 5, 5]]).bounds).toBeNull();
  });
});
