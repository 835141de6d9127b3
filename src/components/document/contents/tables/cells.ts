/** How the values of a column are written, and how wide it is. */

import type { Preview } from '../../../../api/records';
import { type IColumn, measured } from '../../../base';

export type TablePage = NonNullable<Preview['table']>;
export type Column = TablePage['columns'][number];

const LETTER = 8;
const PADDING = 24;
const NARROWEST = 56;
const WIDEST = 280;
/** So many values of a page decide how wide its columns are. */
const LOOKED_AT = 50;

export function isNumeric(column: Pick<Column, 'values'>): boolean {
  return column.values.some(value => typeof value === 'number');
}

/** How the values of a column are written: numbers alike, the same number of decimals down it. */
export function writer(column: Column): (value: Column['values'][number]) => string {
  const numbers = column.values.filter(value => typeof value === 'number');
  const write = measured(numbers);
  return value => (typeof value === 'number' ? write(value) : String(value));
}

/** The column as the table draws it. */
export function drawn(column: Column, at: number, write: ReturnType<typeof writer>): IColumn {
  const longest = column.values
    .slice(0, LOOKED_AT)
    .reduce<number>((most, value) => Math.max(most, value === null ? 0 : write(value).length), 0);
  return {
    // A csv may have two columns of one name.
    key: `${at}/${column.name}`,
    label: column.name,
    title: `${column.name} (${column.type})`,
    width: widthFor(Math.max(longest, column.name.length)),
    align: isNumeric(column) ? 'end' : 'start'
  };
}

export function widthFor(letters: number): number {
  return Math.round(Math.min(WIDEST, Math.max(NARROWEST, letters * LETTER + PADDING)));
}
