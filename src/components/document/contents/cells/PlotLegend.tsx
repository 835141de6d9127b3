/** The panel beside the plot: what the colours mean, where values come from, the size of points. */

import { Select, useWords } from '../../../base';
import type { IPlotChoice, Modality } from './choices';
import { Legend, PointSize, ValueLegend } from './Legend';
import type { IPlot } from './usePlot';

export interface IPlotLegendProps {
  plot: IPlot | null;
  modality: Modality;
  choice: IPlotChoice;
  onChoice: (choice: IPlotChoice) => void;
}

const NONE: ReadonlySet<number> = new Set();

export function PlotLegend({ plot, modality, choice, onChoice }: IPlotLegendProps) {
  const t = useWords();
  const matrices = modality.matrices ?? [];
  const { categories, numbers, selection } = plot ?? {};
  return (
    <aside className="omicshelf-cells-legend">
      {plot && categories && (
        <Legend
          categories={categories}
          name={plot.colorName ?? ''}
          nObs={plot.embedding.n_obs}
          hidden={plot.hidden}
          onHidden={plot.setHidden}
          chosen={selection?.kind === 'entries' ? selection.entries : NONE}
          onChosen={plot.chooseEntries}
        />
      )}
      {plot && numbers && (
        <ValueLegend
          numbers={numbers}
          name={plot.colorName ?? ''}
          nObs={plot.embedding.n_obs}
          clip={plot.clip}
          onClip={plot.setClip}
        />
      )}
      {plot && !categories && !numbers && (
        <p className="omicshelf-legend-note">
          {t('Choose a column or a gene to colour the cells.')}
        </p>
      )}
      <div className="omicshelf-cells-settings">
        {choice.color.kind === 'gene' && matrices.length > 1 && (
          <label className="omicshelf-contents-choice">
            <span>{t('Values of')}</span>
            <Select
              label={t('Values of')}
              value={choice.matrix}
              options={matrices.map(({ name, dtype }) => ({
                value: name,
                label: name,
                hint: dtype
              }))}
              onChange={matrix => onChoice({ ...choice, matrix })}
            />
          </label>
        )}
        {plot && <PointSize value={plot.diameter} onChange={plot.setDiameter} />}
      </div>
    </aside>
  );
}
