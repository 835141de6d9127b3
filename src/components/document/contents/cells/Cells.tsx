/** Cells: an embedding with its legend, and the tables of observations and genes below. */

import { useMemo, useRef, useState } from 'react';

import type { IDatasetRef, VersionRecord } from '../../../../api/records';
import { ThinBar, count, useHost, useSlow, useWords } from '../../../base';
import { usePreview, useSummary } from '../../../data';
import { type IScatterHandle, type PlotMode, Scatter } from '../plot/Scatter';
import { Unread, useCancel } from '../Reading';
import { AnnotationTables, type IRowChoice } from '../tables/AnnotationTables';
import { saveBlob } from '../../../download';
import { type IPlotChoice, type Modality, axisName, firstChoice, pointsQuery } from './choices';
import { OTHERS } from './coloring';
import { filterCode, holderOf } from './filterCode';
import { PlotLegend } from './PlotLegend';
import { COPIED_AT_MOST, type Selection, choiceOf, partsOf, readNames, rowsOf } from './selection';
import { SelectionCard } from './SelectionCard';
import { Toolbar } from './Toolbar';
import { type IPlot, usePlot } from './usePlot';

export interface ICellsProps {
  dataset: IDatasetRef;
  version: VersionRecord;
  modalities: readonly Modality[];
}

export function Cells(props: ICellsProps) {
  const plotted = props.modalities.filter(({ embeddings }) => embeddings?.length);
  const [name, setName] = useState(plotted[0].name);
  const modality = plotted.find(other => other.name === name) ?? plotted[0];
  return (
    <OneModality
      // What was chosen in one modality means nothing in another.
      key={modality.name}
      {...props}
      modalities={plotted}
      modality={modality}
      onModality={setName}
    />
  );
}

interface IOneModalityProps extends ICellsProps {
  modality: Modality;
  onModality: (name: string) => void;
}

function OneModality({ dataset, version, modalities, modality, onModality }: IOneModalityProps) {
  const t = useWords();
  const [choice, setChoice] = useState<IPlotChoice>(() => firstChoice(modality));
  const [mode, setMode] = useState<PlotMode>('pan');
  const scatter = useRef<IScatterHandle>(null);
  const query = pointsQuery(modality, choice);
  const read = usePreview(version, query);
  const cancel = useCancel(version, query);
  const slow = useSlow(read.isPlaceholderData && read.isFetching);
  const plot = usePlot(read.data?.embedding);
  const rows = useRowChoice(plot);
  const label = t('Reading the points');
  const shown = plot && {
    n: plot.embedding.n_shown,
    of: plot.embedding.n_obs,
    unplaced: plot.embedding.n_unplaced
  };
  const saveImage = async () => {
    const image = await scatter.current?.image();
    if (image) {
      saveBlob(image, `${dataset.id}-v${version.seq}-${choice.embedding}.png`);
    }
  };
  return (
    <div className="omicshelf-cells">
      <Toolbar
        version={version}
        modalities={modalities}
        modality={modality}
        onModality={onModality}
        choice={choice}
        onChoice={setChoice}
        mode={mode}
        onMode={setMode}
        onFit={() => scatter.current?.fit()}
        onImage={() => void saveImage()}
        shown={shown}
      />
      <div className="omicshelf-cells-plot">
        {slow && <ThinBar label={label} />}
        {plot ? (
          <Scatter
            ref={scatter}
            points={plot.points}
            look={plot.look}
            label={labelOf(t, plot)}
            axes={
              [0, 1].map(i => axisName(plot.embedding.key, plot.embedding.dimensions[i])) as [
                string,
                string
              ]
            }
            mode={mode}
            outline={plot.selection?.kind === 'outline' ? plot.selection.outline : null}
            onOutline={plot.chooseInside}
          >
            {plot.selection && (
              <Chosen
                dataset={dataset}
                version={version}
                modality={modality.name}
                plot={plot}
                selection={plot.selection}
              />
            )}
          </Scatter>
        ) : (
          <Unread read={read} label={label} onCancel={cancel} />
        )}
        <PlotLegend plot={plot} modality={modality} choice={choice} onChoice={setChoice} />
      </div>
      <AnnotationTables
        version={version}
        modality={modality}
        rows={rows}
        onAllRows={() => plot?.chooseInside(null)}
        marked={plot?.categories && plot.byColumn ? plot : null}
      />
    </div>
  );
}

/** What the plot shows, in a sentence. */
function labelOf(t: ReturnType<typeof useWords>, { embedding, colorName }: IPlot): string {
  const values = { key: embedding.key, n: count(embedding.n_shown), color: colorName ?? '' };
  return colorName === null
    ? t('{n} cells by {key}', values)
    : t('{n} cells by {key}, coloured by {color}', values);
}

/** The rows of the table that follow what was chosen in the plot. */
function useRowChoice(plot: IPlot | null): IRowChoice | null {
  const points = plot?.points;
  const selection = plot?.selection;
  return useMemo(
    () =>
      points && selection
        ? {
            rows: rowsOf(points, selection),
            by: selection.kind === 'outline' ? 'outline' : 'legend'
          }
        : null,
    [points, selection]
  );
}

interface IChosenProps {
  dataset: IDatasetRef;
  version: VersionRecord;
  modality: string;
  plot: IPlot;
  selection: Selection;
}

/** The card over the plot: what was chosen, and what can be done with it. */
function Chosen({ dataset, version, modality, plot, selection }: IChosenProps) {
  const t = useWords();
  const { client, kernels } = useHost();
  const summary = useSummary(version);
  const { embedding, points, categories } = plot;
  const rows = useMemo(() => rowsOf(points, selection), [points, selection]);
  const parts = useMemo(
    () =>
      categories
        ? partsOf(categories, selection, code => (code === OTHERS ? t('others') : t('no value')))
        : [],
    [categories, selection, t]
  );
  const read = (wanted: readonly number[]) => readNames(client, dataset, version, modality, wanted);
  const sampled = embedding.n_shown + embedding.n_unplaced < embedding.n_obs;
  const code = async () => {
    const choice = await choiceOf({
      points,
      selection,
      categories,
      column: plot.byColumn ? plot.colorName : null,
      hidden: plot.hidden,
      key: embedding.key,
      dimensions: embedding.dimensions,
      sampled,
      // Until it is known that no name is there twice, positions are what is sure.
      distinct: summary.data?.duplicate_obs_names === 0,
      readNames: read
    });
    const source = { atlas: dataset.atlas, id: dataset.id, version: `v${version.seq}`, modality };
    return filterCode(source, await holderOf(kernels, dataset, version), choice);
  };
  return (
    <SelectionCard
      n={selection.points.length}
      parts={parts}
      sampled={sampled}
      code={code}
      names={rows.length <= COPIED_AT_MOST ? () => read(rows) : undefined}
      onClose={() => plot.chooseInside(null)}
    />
  );
}
