/** A page of a table. */

import { type ReactNode, useMemo } from 'react';

import { Table, Text, useWords } from '../../../base';
import { type Column, type TablePage, drawn, widthFor, writer } from './cells';

// The letters of code are this much wider than those of text.
const CODE = 1.02;

export interface IDataTableProps {
  page: TablePage;
  label: string;
  /** The name of the column of names, where the table has names. */
  indexLabel?: string;
  /** Something before a value: the colour of its category. */
  mark?: (column: string, value: Column['values'][number]) => ReactNode;
  rowClass?: (row: number) => string | null;
}

export function DataTable({ page, label, indexLabel, mark, rowClass }: IDataTableProps) {
  const t = useWords();
  const columns = useMemo(() => {
    const writers = page.columns.map(writer);
    return page.columns.map((column, i) => ({
      ...drawn(column, i, writers[i]),
      write: writers[i]
    }));
  }, [page]);
  const names = page.index ?? null;
  const nRows = names?.length ?? page.columns[0]?.values.length ?? 0;
  return (
    <Table
      label={label}
      columns={columns}
      nRows={nRows}
      offset={page.offset}
      total={page.n_rows ?? undefined}
      rowClass={rowClass}
      index={
        names
          ? {
              label: indexLabel ?? page.index_name ?? '',
              width: widthFor(Math.max(...names.slice(0, 50).map(name => name.length), 8) * CODE),
              cell: row => <Text text={names[row]} code />
            }
          : undefined
      }
      cell={(row, _column, at) => {
        const column = page.columns[at];
        const value = column.values[row];
        if (value === null || value === undefined) {
          return (
            <span className="omicshelf-dim">
              {column.type === 'unreadable' ? t('unreadable') : t('none')}
            </span>
          );
        }
        const before = mark?.(column.name, value);
        const text = columns[at].write(value);
        const shown = isNumber(value) ? (
          <span className="omicshelf-number">{text}</span>
        ) : (
          <Text text={text} />
        );
        return before ? (
          <span className="omicshelf-contents-marked">
            {before}
            {shown}
          </span>
        ) : (
          shown
        );
      }}
    />
  );
}

function isNumber(value: Column['values'][number]): value is number {
  return typeof value === 'number';
}
