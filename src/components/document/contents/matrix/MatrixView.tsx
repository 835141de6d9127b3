/** A matrix: a heat map of some rows, annotated by the columns' metadata, and the tables beside. */

import { useMemo, useState } from 'react';

import type { IPreviewQuery, VersionRecord } from '../../../../api/records';
import {
  Combobox,
  Segmented,
  Select,
  Skeleton,
  Text,
  count,
  measured,
  useWords
} from '../../../base';
import { useFoundGenes, usePreview } from '../../../data';
import { type Modality, columnsOf, symbolColumns } from '../cells/choices';
import { gradient } from '../plot/palette';
import { Answer, useCancel } from '../Reading';
import { AnnotationTables } from '../tables/AnnotationTables';
import { ColumnChooser } from '../tables/ColumnChooser';
import { Pager } from '../tables/Pager';
import { HeatMap } from './HeatMap';
import {
  type IAnnotation,
  type IBlock,
  type IDrawn,
  type Show,
  annotationOf,
  drawnOf,
  joined,
  tells
} from './heat';
import { PerColumn } from './PerColumn';

export interface IMatrixViewProps {
  version: VersionRecord;
  modalities: readonly Modality[];
}

export function MatrixView({ version, modalities }: IMatrixViewProps) {
  const t = useWords();
  const [name, setName] = useState(modalities[0].name);
  const modality = modalities.find(other => other.name === name) ?? modalities[0];
  const choose =
    modalities.length > 1 ? (
      <Select
        label={t('Modality')}
        value={modality.name}
        options={modalities.map(({ name: value, n_obs }) => ({
          value,
          label: value || t('shared'),
          hint: count(n_obs)
        }))}
        onChange={setName}
      />
    ) : null;
  return <OneMatrix key={modality.name} version={version} modality={modality} head={choose} />;
}

interface IOneMatrixProps {
  version: VersionRecord;
  modality: Modality;
  head: React.ReactNode;
}

const ROWS = 24;
const COLUMNS = 200; // as many as one answer has
const BLOCKS = 2;
const CANDIDATES = 40;
const MOST_BARS = 10;
const BARS = 3;

interface IWindow {
  matrix: string;
  row: number;
  column: number;
}

function OneMatrix({ version, modality, head }: IOneMatrixProps) {
  const t = useWords();
  const matrices = modality.matrices ?? [];
  const [at, setAt] = useState<IWindow>({ matrix: matrices[0]?.name ?? '', row: 0, column: 0 });
  const [show, setShow] = useState<Show>('value');
  const [fields, setFields] = useState<readonly string[] | null>(null);
  const { block, ...reading } = useBlock(version, modality, at, fields);
  const shown = useMemo(() => block && { block, drawn: drawnOf(block, show) }, [block, show]);
  const annotations = useMemo(() => annotationsOf(block, fields), [block, fields]);
  const names = namesOf(t, block);
  if (!matrices.length) {
    return (
      <div className="omicshelf-matrix">
        {head && <div className="omicshelf-contents-toolbar">{head}</div>}
        <AnnotationTables version={version} modality={modality} className="omicshelf-mod-whole" />
      </div>
    );
  }
  return (
    <div className="omicshelf-matrix">
      <div className="omicshelf-contents-toolbar" role="toolbar" aria-label={t('Heat map')}>
        {head}
        {matrices.length > 1 && (
          <Select
            label={t('Matrix')}
            value={at.matrix}
            options={matrices.map(({ name, dtype }) => ({ value: name, label: name, hint: dtype }))}
            onChange={matrix => setAt({ matrix, row: 0, column: 0 })}
          />
        )}
        <RowSearch
          version={version}
          modality={modality}
          rowAxis={block?.rowAxis ?? null}
          matrix={at.matrix}
          words={names.find}
          onRow={row => setAt({ ...at, row })}
        />
        <ColumnChooser
          words={t('{names} by {n}', {
            names: names.columns,
            n: annotations.map(({ name }) => name).join(', ') || t('nothing')
          })}
          label={t('Bars above the columns')}
          find={t('Find a column of metadata')}
          columns={columnsOf(modality, names.columnTable).map(({ name }) => name)}
          chosen={annotations.map(({ name }) => name)}
          onChange={setFields}
          most={MOST_BARS}
        />
        <Segmented<Show>
          label={t('What is drawn')}
          value={show}
          segments={[
            { value: 'value', label: t('Value') },
            { value: 'zscore', label: t('z-score') }
          ]}
          onChange={setShow}
        />
        <span className="omicshelf-contents-gap" />
        {block && <Pages block={block} at={at} onAt={setAt} names={names} />}
      </div>
      <div className="omicshelf-matrix-body">
        <div className="omicshelf-matrix-plots">
          <Answer
            {...reading}
            label={t('Reading the values')}
            part={() => shown}
            skeleton={<Skeleton rows={ROWS} height={16} lines={1} />}
          >
            {found => <Heat {...found} annotations={annotations} names={names} show={show} />}
          </Answer>
        </div>
        <AnnotationTables
          version={version}
          modality={modality}
          names={names.tables}
          className="omicshelf-matrix-tables"
        />
      </div>
    </div>
  );
}

interface IHeatProps {
  block: IBlock;
  drawn: IDrawn;
  annotations: readonly IAnnotation[];
  names: INames;
  show: Show;
}

function Heat({ block, drawn, annotations, names, show }: IHeatProps) {
  const t = useWords();
  const categories = annotations.find(({ legend }) => legend !== null) ?? null;
  const write = measured(drawn.limits);
  return (
    <>
      <div className="omicshelf-heat-legend">
        {categories?.legend?.map(({ name, color, n }) => (
          <span key={name}>
            <i style={{ background: color }} />
            <Text text={name} /> <strong className="omicshelf-number">{count(n)}</strong>
          </span>
        ))}
        <span className="omicshelf-contents-gap" />
        <span className="omicshelf-number">
          {show === 'zscore' ? t('z-score') : block.source} {write(drawn.limits[0])}
        </span>
        <i className="omicshelf-heat-scale" style={{ background: gradient(drawn.scale) }} />
        <span className="omicshelf-number">{write(drawn.limits[1])}</span>
      </div>
      <HeatMap
        block={block}
        drawn={drawn}
        annotations={annotations}
        label={t('{rows} {rowNames} × {columns} {columnNames}', {
          rows: count(block.rowNames.length),
          rowNames: names.rows,
          columns: count(block.columnNames.length),
          columnNames: names.columns
        })}
      />
      {block.rowAxis === 'var' && <PerColumn block={block} annotation={categories} />}
    </>
  );
}

/** What rows and columns are called: a GCT has genes down and samples across. */
interface INames {
  rows: string;
  columns: string;
  columnTable: 'obs' | 'var';
  tables: Partial<Record<string, string>>;
  find: string;
}

function namesOf(t: ReturnType<typeof useWords>, block: IBlock | null): INames {
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
function RowSearch({ version, modality, rowAxis, matrix, words, onRow }: IRowSearchProps) {
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

function Pages({ block, at, onAt, names }: IPagesProps) {
  const t = useWords();
  const across = COLUMNS * BLOCKS;
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
      {block.nColumns > across ? (
        <>
          <span className="omicshelf-dim">{names.columns}</span>
          <Pager
            offset={at.column}
            shown={block.columnNames.length}
            total={block.nColumns}
            more={at.column + across < block.nColumns}
            size={across}
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

/** Read the blocks that lie beside each other, and give them as one. */
function useBlock(
  version: VersionRecord,
  modality: Modality,
  at: IWindow,
  fields: readonly string[] | null
) {
  const query = (block: number): IPreviewQuery => ({
    kind: 'matrix',
    modality: modality.name || undefined,
    matrix: at.matrix || undefined,
    row_offset: at.row,
    column_offset: at.column + block * COLUMNS,
    n_rows: ROWS,
    n_columns: COLUMNS,
    ...annotationQuery(modality, at.matrix, version, fields)
  });
  const hasMatrix = Boolean(modality.matrices?.length);
  const first = usePreview(version, query(0), hasMatrix);
  const cancel = useCancel(version, query(0));
  const matrix = first.data?.matrix;
  const follows = matrix ? matrix.n_columns > at.column + COLUMNS : false;
  const second = usePreview(version, query(1), hasMatrix && follows && !first.isPlaceholderData);
  const beside = follows && !second.isPlaceholderData ? second.data?.matrix : null;
  const block = useMemo(() => {
    if (!matrix) {
      return null;
    }
    // Of another window than the first block it is not beside it.
    const fits = beside && beside.rows[0] === matrix.rows[0] && beside.source === matrix.source;
    return joined(fits ? [matrix, beside] : [matrix]);
  }, [matrix, beside]);
  return { block, read: first, onCancel: cancel };
}

// The formats whose rows are features; in all others rows are observations.
const FEATURES_DOWN = /^gctx?\b/;

/** Which metadata a block brings along: what was chosen, or the first columns that may tell. */
function annotationQuery(
  modality: Modality,
  matrix: string,
  { data_format: format }: VersionRecord,
  fields: readonly string[] | null
): Pick<IPreviewQuery, 'row_fields' | 'column_fields'> {
  const featuresDown = FEATURES_DOWN.test(format ?? '');
  const genes = matrix === 'raw/X' ? 'raw/var' : 'var';
  const across = columnsOf(modality, featuresDown ? 'obs' : genes);
  const symbols = featuresDown ? symbolColumns(modality, genes).slice(0, 1) : [];
  const readable = across.filter(({ type }) => type !== 'unreadable').map(({ name }) => name);
  const wanted = fields ?? readable.slice(0, CANDIDATES);
  return {
    row_fields: symbols.length ? symbols : undefined,
    column_fields: wanted.length ? wanted : undefined
  };
}

/** The bars above the columns: those chosen, or the first that tell something. */
function annotationsOf(block: IBlock | null, fields: readonly string[] | null): IAnnotation[] {
  if (!block) {
    return [];
  }
  const chosen = fields
    ? block.fields.filter(({ name }) => fields.includes(name))
    : telling(block).slice(0, BARS);
  return chosen.map(annotationOf);
}

const MOST_CATEGORIES = 12;

/** Fields with the fewest categories first, then numbers; what names each column is left out. */
function telling({ fields }: IBlock): IBlock['fields'] {
  const rank = ({ values }: IBlock['fields'][number]) => {
    const distinct = new Set(values.filter(value => value !== null)).size;
    const numbers = values.some(value => typeof value === 'number');
    return numbers ? MOST_CATEGORIES + 1 : distinct;
  };
  return fields
    .filter(tells)
    .map((field, i) => ({ field, rank: rank(field), i }))
    .filter(({ rank: place }) => place <= MOST_CATEGORIES + 1)
    .sort((a, b) => a.rank - b.rank || a.i - b.i)
    .map(({ field }) => field);
}
