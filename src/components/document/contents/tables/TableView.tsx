/** Tables: csv, tsv, parquet, the sheets of a workbook. */

import { useState } from 'react';

import type { IPreviewQuery, VersionRecord } from '../../../../api/records';
import { Select, Skeleton, count, useWords } from '../../../base';
import type { ContentsList } from '../Contents';
import { Reading } from '../Reading';
import type { TablePage } from './cells';
import { ColumnChooser } from './ColumnChooser';
import { DataTable } from './DataTable';
import { Pager } from './Pager';

type TableFacts = NonNullable<ContentsList['tables']>[number];

export interface ITableViewProps {
  version: VersionRecord;
  tables: readonly TableFacts[];
  sheets: readonly string[];
}

const PAGE = 100;
const MOST_COLUMNS = 50;

export function TableView({ version, tables, sheets }: ITableViewProps) {
  const t = useWords();
  const [sheet, setSheet] = useState<string | null>(sheets[0] ?? null);
  return (
    <div className="omicshelf-tables omicshelf-mod-whole">
      <Rows
        key={sheet}
        version={version}
        sheet={sheet}
        facts={tables.find(({ name }) => name === sheet) ?? (sheets.length > 1 ? null : tables[0])}
        head={
          sheets.length > 1 ? (
            <label className="omicshelf-contents-choice">
              <span>{t('Sheet')}</span>
              <Select
                label={t('Sheet')}
                value={sheet}
                options={sheets.map(name => ({ value: name, label: name }))}
                onChange={setSheet}
              />
            </label>
          ) : null
        }
      />
    </div>
  );
}

interface IRowsProps {
  version: VersionRecord;
  sheet: string | null;
  /** The columns, where they are known before the first page. */
  facts: TableFacts | null | undefined;
  head: React.ReactNode;
}

function Rows({ version, sheet, facts, head }: IRowsProps) {
  const t = useWords();
  const [chosen, setChosen] = useState<readonly string[] | null>(null);
  const [offset, setOffset] = useState(0);
  const query: IPreviewQuery = {
    kind: 'table',
    sheet: sheet ?? undefined,
    columns: chosen ?? undefined,
    offset,
    limit: PAGE
  };
  const columnsOf = (page: TablePage) =>
    facts?.columns.map(({ name }) => name) ?? page.columns.map(({ name }) => name);
  return (
    <Reading
      className="omicshelf-tables-page"
      version={version}
      query={query}
      label={t('Reading the table')}
      part={preview => preview.table}
      skeleton={<Skeleton rows={12} height={24} lines={1} />}
    >
      {page => (
        <>
          <div className="omicshelf-tables-bar">
            {head}
            <span className="omicshelf-dim omicshelf-number">
              {shapeOf(t, facts?.n_rows ?? page.n_rows, page.n_columns)}
            </span>
            <span className="omicshelf-contents-gap" />
            {!hasTwins(page) && (
              <ColumnChooser
                columns={columnsOf(page)}
                chosen={chosen ?? page.columns.map(({ name }) => name)}
                // Of no columns nothing could be shown: the last one stays.
                onChange={next => setChosen(next.length ? next : (chosen ?? null))}
                most={MOST_COLUMNS}
              />
            )}
            <Pager
              offset={offset}
              shown={page.columns[0]?.values.length ?? 0}
              total={page.n_rows ?? facts?.n_rows ?? null}
              more={page.more}
              size={PAGE}
              onOffset={setOffset}
            />
          </div>
          <DataTable page={page} label={sheet ?? t('Table')} />
        </>
      )}
    </Reading>
  );
}

/** Two columns of one name cannot be told apart in a question for them. */
function hasTwins({ columns }: TablePage): boolean {
  return new Set(columns.map(({ name }) => name)).size < columns.length;
}

function shapeOf(t: ReturnType<typeof useWords>, rows: number | null, columns: number): string {
  const values = { columns: count(columns), rows: count(rows ?? 0) };
  return rows === null
    ? t.plural('{columns} column', '{columns} columns', columns, values)
    : t('{rows} rows × {columns} columns', values);
}
