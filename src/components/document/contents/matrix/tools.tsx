/** Above a heat map: a row is found by its name, and one goes on by pages. */

import { useMemo, useState } from 'react';

import type { VersionRecord } from '../../../../api/records';
import { Combobox, count, useWords } from '../../../base';
import { useFoundGenes } from '../../../data';
import type { Translate } from '../../../words';
import { type Modality, symbolColumns } from '../cells/choices';
import { Pager } from '../tables/Pager';
import type { IBlock } from './heat';
import { ACROSS, type IWindow, ROWS } from './useBlock';

/** What rows and columns are called: a GCT has genes down and samples across. */
export interface INames {
  rows: string;
  columns: string;
  columnTable: 'obs' | 'var';
  tables: Partial<Record<string, string>>;
  find: string;
}

export function namesOf(t: Translate, block: IBlock | null): INames {
  return block?.rowAxis === 'obs'
    ? {
        rows: t('cells'),
        columns: t('genes'),
        columnTable: 'var',
        tables: {},
        find: t('Find a cell')
      }
    : {
        rows: t('genes'),
        columns: t('samples'),
        columnTable: 'obs',
        tables: { obs: t('Samples'), var: t('Genes') },
        find: t('Find a gene')
      };
}

interface IRowSearchProps {
  version: VersionRecord;
  modality: Modality;
  rowAxis: 'obs' | 'var' | null;
  matrix: string;
  words: string;
  onRow: (row: number) => void;
}

/** Find a row by its name, and show it first. */
export function RowSearch({ version, modality, rowAxis, matrix, words, onRow }: IRowSearchProps) {
  const [text, setText] = useState('');
  const table = rowAxis === 'obs' ? 'obs' : matrix === 'raw/X' ? 'raw/var' : 'var';
  const columns = useMemo(
    () => (table === 'obs' ? [] : symbolColumns(modality, table)),
    [modality, table]
  );
  const found = useFoundGenes(version, { modality: modality.name, table, columns }, text);
  return (
    <Combobox
      className="omicshelf-contents-gene"
      label={words}
      placeholder={words}
      value={text}
      options={found.options}
      onQuery={() => undefined}
      onChange={setText}
      onChoose={({ value }) => onRow(found.rows.get(value) ?? 0)}
    />
  );
}

interface IPagesProps {
  block: IBlock;
  at: IWindow;
  onAt: (at: IWindow) => void;
  names: INames;
}

export function Pages({ block, at, onAt, names }: IPagesProps) {
  const t = useWords();
  return (
    <>
      <span className="omicshelf-dim">{names.rows}</span>
      <Pager
        offset={at.row}
        shown={block.rowNames.length}
        total={block.nRows}
        more={at.row + ROWS < block.nRows}
        size={ROWS}
        onOffset={row => onAt({ ...at, row })}
      />
      {block.nColumns > ACROSS ? (
        <>
          <span className="omicshelf-dim">{names.columns}</span>
          <Pager
            offset={at.column}
            shown={block.columnNames.length}
            total={block.nColumns}
            more={at.column + ACROSS < block.nColumns}
            size={ACROSS}
            onOffset={column => onAt({ ...at, column })}
          />
        </>
      ) : (
        <span className="omicshelf-dim omicshelf-number">
          {t('{n} of {of} {names}', {
            n: count(block.columnNames.length),
            of: count(block.nColumns),
            names: names.columns
          })}
        </span>
      )}
    </>
  );
}
