/** A matrix: a heat map of some rows, annotated by the columns' metadata, and the tables beside. */

import { useMemo, useState } from 'react';

import type { VersionRecord } from '../../../../api/records';
import { Segmented, Select, Skeleton, Text, count, measured, useWords } from '../../../base';
import { type Modality, columnsOf } from '../cells/choices';
import { gradient } from '../plot/palette';
import { Answer } from '../Reading';
import { AnnotationTables } from '../tables/AnnotationTables';
import { ColumnChooser } from '../tables/ColumnChooser';
import { HeatMap } from './HeatMap';
import { type IAnnotation, type IBlock, type IDrawn, type Show, drawnOf } from './heat';
import { PerColumn } from './PerColumn';
import { type INames, Pages, RowSearch, namesOf } from './tools';
import { type IWindow, ROWS, annotationsOf, useBlock } from './useBlock';

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

const MOST_BARS = 10;

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
