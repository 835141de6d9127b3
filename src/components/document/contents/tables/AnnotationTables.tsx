/** The tables of annotated data: observations and genes, page by page. */

import { type ReactNode, useEffect, useState } from 'react';

import type { IPreviewQuery, VersionRecord } from '../../../../api/records';
import { type ISegment, Segmented, Skeleton, Token, count, useWords } from '../../../base';
import { usePreview } from '../../../data';
import type { Modality } from '../cells/choices';
import { type IEntry, type Categories, entriesOf } from '../cells/coloring';
import { Answer, useCancel } from '../Reading';
import type { Column, TablePage } from './cells';
import { ColumnChooser } from './ColumnChooser';
import { DataTable } from './DataTable';
import { Pager } from './Pager';

/** Rows of the observations that were chosen elsewhere. */
export interface IRowChoice {
  rows: readonly number[];
  by: 'outline' | 'legend';
}

/** A column whose categories have colours. */
export interface IMarked {
  colorName: string | null;
  categories: Categories | null;
}

export interface IAnnotationTablesProps {
  version: VersionRecord;
  modality: Modality;
  rows?: IRowChoice | null;
  onAllRows?: () => void;
  marked?: IMarked | null;
  /** What the tables are called: cells and genes, or samples. */
  names?: Partial<Record<string, string>>;
  className?: string;
}

const PAGE = 50;
const MOST_COLUMNS = 50;

/** What is shown of a table. */
interface IShown {
  columns: readonly string[];
  offset: number;
}

type TableName = 'obs' | 'var' | 'raw/var';

export function AnnotationTables(props: IAnnotationTablesProps) {
  const { modality, names = {}, className = '' } = props;
  const t = useWords();
  const tables = modality.tables ?? [];
  const [name, setName] = useState(tables[0]?.name);
  const [shown, setShown] = useState<Readonly<Record<string, IShown>>>({});
  const table = tables.find(other => other.name === name) ?? tables[0];
  const rows = table?.name === 'obs' ? (props.rows ?? null) : null;
  // Other rows begin at their first.
  useEffect(
    () => setShown(all => (all.obs ? { ...all, obs: { ...all.obs, offset: 0 } } : all)),
    [props.rows]
  );
  if (!table) {
    return null;
  }
  const segments: ISegment[] = tables.map(other => ({
    value: other.name,
    label: names[other.name] ?? other.name,
    count: other.n_rows === null ? undefined : count(other.n_rows)
  }));
  const columns = table.columns.map(column => column.name);
  return (
    <section className={`omicshelf-tables ${className}`} aria-label={t('Tables')}>
      <OneTable
        {...props}
        rows={rows}
        table={table.name as TableName}
        columns={columns}
        shown={shown[table.name] ?? { columns: columns.slice(0, MOST_COLUMNS), offset: 0 }}
        onShown={next => setShown({ ...shown, [table.name]: next })}
        head={
          <Segmented label={t('Table')} value={table.name} segments={segments} onChange={setName} />
        }
      />
    </section>
  );
}

interface IOneTableProps extends IAnnotationTablesProps {
  table: TableName;
  columns: readonly string[];
  shown: IShown;
  onShown: (shown: IShown) => void;
  head: ReactNode;
}

function OneTable(props: IOneTableProps) {
  const { version, table, columns, shown, onShown, rows, head } = props;
  const t = useWords();
  const nothing = rows?.rows.length === 0 || (columns.length > 0 && shown.columns.length === 0);
  const query = pageQuery(props);
  const read = usePreview(version, query, !nothing);
  const cancel = useCancel(version, query);
  const page = read.data?.table?.table === table ? read.data.table : null;
  const total = rows ? rows.rows.length : (page?.n_rows ?? null);
  return (
    <>
      <div className="omicshelf-tables-bar">
        {head}
        {rows && <Follows choice={rows} onAllRows={props.onAllRows} />}
        <span className="omicshelf-contents-gap" />
        {columns.length > 0 && (
          <ColumnChooser
            columns={columns}
            chosen={shown.columns}
            onChange={next => onShown({ ...shown, columns: next })}
            most={MOST_COLUMNS}
          />
        )}
        {page && !nothing && (
          <Pager
            offset={shown.offset}
            shown={page.index?.length ?? 0}
            total={total}
            more={total !== null && shown.offset + PAGE < total}
            size={PAGE}
            onOffset={offset => onShown({ ...shown, offset })}
          />
        )}
      </div>
      {nothing ? (
        <p className="omicshelf-tables-none">
          {rows?.rows.length === 0 ? t('No cell is inside.') : t('No column is chosen.')}
        </p>
      ) : (
        <div className="omicshelf-tables-page">
          <Answer
            read={read}
            onCancel={cancel}
            label={t('Reading {table}', { table: props.names?.[table] ?? table })}
            part={preview => (preview.table?.table === table ? preview.table : null)}
            skeleton={<Skeleton rows={6} height={24} lines={1} />}
          >
            {found => (
              <DataTable
                page={found}
                label={props.names?.[table] ?? table}
                indexLabel={indexLabelOf(found)}
                mark={table === 'obs' ? markOf(props.marked) : undefined}
              />
            )}
          </Answer>
        </div>
      )}
    </>
  );
}

function pageQuery({ modality, table, columns, shown, rows }: IOneTableProps): IPreviewQuery {
  const { offset } = shown;
  const all = shown.columns.length === columns.length && columns.length <= MOST_COLUMNS;
  return {
    kind: 'table',
    modality: modality.name || undefined,
    table,
    columns: all ? undefined : shown.columns,
    ...(rows ? { rows: rows.rows.slice(offset, offset + PAGE) } : { offset, limit: PAGE })
  };
}

// What pandas calls an index that nobody gave a name.
const UNNAMED = new Set([null, '', 'index', '_index']);

function indexLabelOf({ table, index_name: name }: TablePage): string {
  return UNNAMED.has(name) || name === null ? (table === 'obs' ? 'obs_names' : 'var_names') : name;
}

/** That the table shows what was chosen elsewhere, and the way back to all. */
function Follows({ choice, onAllRows }: { choice: IRowChoice; onAllRows?: () => void }) {
  const t = useWords();
  const n = choice.rows.length;
  const values = { n: count(n) };
  return (
    <Token
      text={
        choice.by === 'outline'
          ? t.plural('lasso: {n} cell', 'lasso: {n} cells', n, values)
          : t.plural('legend: {n} cell', 'legend: {n} cells', n, values)
      }
      onRemove={onAllRows}
    />
  );
}

/** The dot of a category before its name, in the colour that it has in the plot. */
function markOf(marked: IMarked | null | undefined) {
  if (!marked?.categories) {
    return undefined;
  }
  const colors = new Map<unknown, IEntry['color']>(
    entriesOf(marked.categories).map(({ name, color }) => [name, color])
  );
  return function mark(column: string, value: Column['values'][number]): ReactNode {
    const color = column === marked.colorName ? colors.get(String(value)) : undefined;
    return color ? <i className="omicshelf-legend-dot" style={{ background: color }} /> : null;
  };
}
