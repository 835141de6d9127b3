/** The first rows of a table of values that commas or tabs part. */

import Papa from 'papaparse';
import { useCallback, useMemo } from 'react';
import { type IColumn, Note, Table, Text, useWords } from '../../../base';
import type { IPreviewProps } from './Content';

const WIDTH = 120;
const INDEX_WIDTH = 48;

export function TablePreview({ file, data, whole }: IPreviewProps) {
  const t = useWords();
  const { header, rows } = useMemo(() => parsed(data, whole, file.file_name), [data, whole, file]);
  const columns = useMemo<IColumn[]>(
    () =>
      header.map((name, i) => ({
        key: String(i),
        label: name,
        width: WIDTH,
        align: isNumeric(rows, i) ? 'end' : 'start'
      })),
    [header, rows]
  );
  const cell = useCallback(
    (row: number, _column: IColumn, at: number) => <Text text={rows[row][at] ?? ''} />,
    [rows]
  );
  const index = useMemo(
    () => ({ label: '', width: INDEX_WIDTH, cell: (row: number) => row + 1 }),
    []
  );
  if (!header.length) {
    return <Note>{t('There is no table in it.')}</Note>;
  }
  return (
    <div className="omicshelf-preview-table">
      <Table
        label={file.file_name}
        columns={columns}
        nRows={rows.length}
        cell={cell}
        index={index}
      />
    </div>
  );
}

interface IParsed {
  header: string[];
  rows: string[][];
}

function parsed(data: Uint8Array, whole: boolean, name: string): IParsed {
  const { data: lines } = Papa.parse<string[]>(new TextDecoder().decode(data), {
    skipEmptyLines: true,
    delimiter: /\.tsv$/i.test(name) ? '\t' : ''
  });
  // The last line of a part ends somewhere.
  const rows = whole || lines.length < 2 ? lines : lines.slice(0, -1);
  const [header = [], ...body] = rows;
  return { header, rows: body };
}

const LOOKED_AT = 50;

function isNumeric(rows: readonly string[][], at: number): boolean {
  const values = rows
    .slice(0, LOOKED_AT)
    .map(row => row[at] ?? '')
    .filter(value => value.trim() !== '' && !/^(na|nan|null)$/i.test(value.trim()));
  return values.length > 0 && values.every(value => Number.isFinite(Number(value)));
}
