/** A table of any size: rows and columns are drawn where they are seen. */

import { useVirtualizer, type VirtualItem } from '@tanstack/react-virtual';
import { memo, useEffect, useMemo, useRef, useState, type ReactNode } from 'react';
import { classes } from './classes';
import { Icon } from './icons';
import { Text } from './text';
import { INITIAL_RECT, observeShownRect } from './virtual';

export interface IColumn {
  key: string;
  label: string;
  /** In pixels; all columns grow together where there is more room. */
  width: number;
  /** Numbers are at the end, and their header too. */
  align?: 'start' | 'end';
  /** Its tooltip; default: the label. */
  title?: string;
  /** Shown instead of the label. */
  header?: ReactNode;
  sortable?: boolean;
}

export interface ITableSort {
  column: string;
  descending: boolean;
}

/** What of a table is seen: the first and last row and column. */
export interface ITableRange {
  firstRow: number;
  lastRow: number;
  firstColumn: number;
  lastColumn: number;
}

export interface ITableProps {
  label: string;
  columns: readonly IColumn[];
  nRows: number;
  /**
   * What is in a cell; undefined while it is not there yet. Give it, the columns and the index a
   * stable identity: rows are drawn anew when one of them changes.
   */
  cell: (row: number, column: IColumn, columnIndex: number) => ReactNode;
  /** The column of names, which stays in view. */
  index?: { label: string; width: number; cell(row: number): ReactNode };
  sort?: ITableSort | null;
  onSort?: (column: string) => void;
  rowClass?: (row: number) => string | null;
  /** Other rows or columns are seen: time to load them. */
  onRange?: (range: ITableRange) => void;
  rowHeight?: number;
  headerHeight?: number;
  /** The number of the first row, where the table is a page of a larger one. */
  offset?: number;
  /** The rows of the whole. */
  total?: number;
  className?: string;
}

const NO_INDEX = 0;

export function Table(props: ITableProps) {
  const { columns, nRows, index, rowHeight = 24, headerHeight = 26, offset = 0 } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const indexWidth = index?.width ?? NO_INDEX;
  const [widths, setScrollerWidth] = useStretched(columns, indexWidth);

  const rows = useVirtualizer<HTMLDivElement, Element>({
    count: nRows,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 8,
    // The header is over the first rows.
    scrollPaddingStart: headerHeight,
    initialRect: INITIAL_RECT,
    observeElementRect: observeShownRect
  });
  const across = useVirtualizer<HTMLDivElement, Element>({
    horizontal: true,
    count: columns.length,
    getScrollElement: () => scroller.current,
    estimateSize: i => widths[i],
    overscan: 2,
    initialRect: INITIAL_RECT,
    observeElementRect: observeShownRect
  });
  const shownWidth = across.scrollRect?.width ?? 0;
  useEffect(() => setScrollerWidth(shownWidth), [shownWidth, setScrollerWidth]);
  useEffect(() => across.measure(), [across, widths]);

  const seenRows = rows.getVirtualItems();
  const seenColumns = across.getVirtualItems();
  useRange(seenRows, seenColumns, props.onRange);
  const width = indexWidth + across.getTotalSize();

  return (
    <div
      ref={scroller}
      className={classes('omicshelf-table', props.className)}
      role="table"
      aria-label={props.label}
      aria-rowcount={(props.total ?? nRows) + 1}
      aria-colcount={columns.length + (index ? 1 : 0)}
      // It scrolls, by keyboard too.
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- see above
      tabIndex={0}
    >
      <div role="rowgroup" className="omicshelf-table-head" style={{ width, height: headerHeight }}>
        <HeaderRow
          {...{ columns, index, seenColumns, indexWidth, sort: props.sort, onSort: props.onSort }}
        />
      </div>
      <div
        role="rowgroup"
        className="omicshelf-table-body"
        style={{ width, height: rows.getTotalSize() }}
      >
        {seenRows.map(({ index: row, start }) => (
          <BodyRow
            key={row}
            {...{ row, start, columns, index, seenColumns, indexWidth, cell: props.cell }}
            number={offset + row + 2}
            height={rowHeight}
            className={props.rowClass?.(row) ?? null}
          />
        ))}
      </div>
    </div>
  );
}

/** What the header and the rows have in common. */
interface IAcross extends Pick<ITableProps, 'columns' | 'index'> {
  seenColumns: readonly VirtualItem[];
  indexWidth: number;
}

type HeaderRowProps = IAcross & Pick<ITableProps, 'sort' | 'onSort'>;

function HeaderRow({ columns, index, seenColumns, indexWidth, sort, onSort }: HeaderRowProps) {
  return (
    <div role="row" aria-rowindex={1} className="omicshelf-table-row">
      {index && (
        <div
          role="columnheader"
          aria-colindex={1}
          className="omicshelf-table-cell omicshelf-table-index"
          style={{ width: indexWidth }}
        >
          <Text text={index.label} />
        </div>
      )}
      <Spacer before={seenColumns[0]} />
      {seenColumns.map(({ index: i, size }) => {
        const column = columns[i];
        const sorted = sort?.column === column.key;
        const content = column.header ?? <Text text={column.label} title={column.title} />;
        return (
          <div
            key={column.key}
            role="columnheader"
            aria-colindex={i + (index ? 2 : 1)}
            aria-sort={sorted ? (sort.descending ? 'descending' : 'ascending') : undefined}
            className={classes(
              'omicshelf-table-cell',
              column.align === 'end' && 'omicshelf-mod-end'
            )}
            style={{ width: size }}
          >
            {onSort && column.sortable ? (
              <button
                type="button"
                className="omicshelf-table-sort"
                onClick={() => onSort(column.key)}
              >
                {content}
                {sorted && <Icon name={sort.descending ? 'down' : 'up'} size="small" />}
              </button>
            ) : (
              content
            )}
          </div>
        );
      })}
    </div>
  );
}

interface IBodyRowProps extends IAcross, Pick<ITableProps, 'cell'> {
  row: number;
  start: number;
  height: number;
  /** Its number in the whole, from 1, the header being the first. */
  number: number;
  className: string | null;
}

/** A row stays as it is drawn while the table is scrolled along it. */
const BodyRow = memo(function BodyRow(props: IBodyRowProps) {
  const { row, columns, index, seenColumns, indexWidth, cell } = props;
  return (
    <div
      role="row"
      aria-rowindex={props.number}
      className={classes('omicshelf-table-row', props.className)}
      style={{ height: props.height, transform: `translateY(${props.start}px)` }}
    >
      {index && (
        <div
          role="rowheader"
          aria-colindex={1}
          className="omicshelf-table-cell omicshelf-table-index"
          style={{ width: indexWidth }}
        >
          {index.cell(row) ?? <Missing />}
        </div>
      )}
      <Spacer before={seenColumns[0]} />
      {seenColumns.map(({ index: i, size }) => (
        <div
          key={columns[i].key}
          role="cell"
          aria-colindex={i + (index ? 2 : 1)}
          className={classes(
            'omicshelf-table-cell',
            columns[i].align === 'end' && 'omicshelf-mod-end'
          )}
          style={{ width: size }}
        >
          {cell(row, columns[i], i) ?? <Missing />}
        </div>
      ))}
    </div>
  );
});

/** The columns that are left of what is seen. */
function Spacer({ before }: { before: VirtualItem | undefined }) {
  return before && before.start > 0 ? (
    <div role="presentation" className="omicshelf-table-spacer" style={{ width: before.start }} />
  ) : null;
}

function Missing() {
  return <i className="omicshelf-missing" aria-hidden="true" />;
}

/** The widths of the columns, grown in proportion to fill the table's. */
function useStretched(columns: readonly IColumn[], indexWidth: number) {
  const [room, setRoom] = useState(0);
  const widths = useMemo(() => {
    const wished = columns.reduce((sum, column) => sum + column.width, 0);
    const factor = wished > 0 ? Math.max(1, (room - indexWidth) / wished) : 1;
    return columns.map(column => Math.floor(column.width * factor));
  }, [columns, indexWidth, room]);
  return [widths, setRoom] as const;
}

function useRange(
  rows: readonly VirtualItem[],
  columns: readonly VirtualItem[],
  onRange: ITableProps['onRange']
): void {
  const tell = useRef(onRange);
  tell.current = onRange;
  const firstRow = rows[0]?.index ?? 0;
  const lastRow = rows[rows.length - 1]?.index ?? -1;
  const firstColumn = columns[0]?.index ?? 0;
  const lastColumn = columns[columns.length - 1]?.index ?? -1;
  useEffect(() => {
    if (lastRow >= 0) {
      tell.current?.({ firstRow, lastRow, firstColumn, lastColumn });
    }
  }, [firstRow, lastRow, firstColumn, lastColumn]);
}
