/** What is plotted: modality, embedding, dimensions, colour; and the tools of the plot. */

import { Button, Segmented, Select, count, useWords } from '../../../base';
import type { VersionRecord } from '../../../../api/records';
import { type ColorBy, type IPlotChoice, type Modality, columnsOf } from './choices';
import { GeneSearch } from './GeneSearch';
import type { PlotMode } from '../plot/Scatter';

export interface IToolbarProps {
  version: VersionRecord;
  modalities: readonly Modality[];
  modality: Modality;
  onModality: (name: string) => void;
  choice: IPlotChoice;
  onChoice: (choice: IPlotChoice) => void;
  mode: PlotMode;
  onMode: (mode: PlotMode) => void;
  onFit: () => void;
  onImage: () => void;
  shown: { n: number; of: number; unplaced: number } | null;
}

const DIMENSIONS_LISTED = 100;

export function Toolbar(props: IToolbarProps) {
  const t = useWords();
  const { modality, modalities, choice, onChoice, shown } = props;
  const embeddings = modality.embeddings ?? [];
  const width = embeddings.find(({ key }) => key === choice.embedding)?.shape[1] ?? 2;
  return (
    <div className="omicshelf-contents-toolbar" role="toolbar" aria-label={t('Plot')}>
      {modalities.length > 1 && (
        <Select
          label={t('Modality')}
          value={modality.name}
          options={modalities.map(({ name, n_obs }) => ({
            value: name,
            label: name || t('shared'),
            hint: count(n_obs)
          }))}
          onChange={props.onModality}
        />
      )}
      <label className="omicshelf-contents-choice">
        <span>{t('Embedding')}</span>
        <Select
          label={t('Embedding')}
          value={choice.embedding}
          options={embeddings.map(({ key, shape }) => ({
            value: key,
            label: key,
            hint: String(shape[1])
          }))}
          onChange={embedding => onChoice({ ...choice, embedding, dimensions: [0, 1] })}
        />
      </label>
      {width > 2 && (
        <Dimensions
          width={width}
          value={choice.dimensions}
          onChange={dimensions => onChoice({ ...choice, dimensions })}
        />
      )}
      <ColorSelect {...props} />
      <GeneSearch
        key={modality.name}
        version={props.version}
        modality={modality}
        choice={choice}
        onChoice={onChoice}
      />
      <span className="omicshelf-contents-gap" />
      {shown && <Shown {...shown} />}
      <Segmented<PlotMode>
        label={t('The pointer')}
        value={props.mode}
        segments={[
          { value: 'pan', label: t('Move'), icon: 'pan' },
          { value: 'lasso', label: t('Draw an outline around cells'), icon: 'lasso' }
        ]}
        onChange={props.onMode}
      />
      <Button icon="fit" label={t('Show all')} onClick={props.onFit} />
      <Button icon="download" label={t('Save the plot as an image')} onClick={props.onImage} />
    </div>
  );
}

function Shown({ n, of, unplaced }: { n: number; of: number; unplaced: number }) {
  const t = useWords();
  const title = [
    n + unplaced < of &&
      t('So many are drawn that each category is seen; colours and counts are of all cells.'),
    unplaced > 0 &&
      t.plural(
        '{n} cell has no place in this embedding.',
        '{n} cells have no place in it.',
        unplaced,
        {
          n: count(unplaced)
        }
      )
  ]
    .filter(Boolean)
    .join(' ');
  return (
    <span className="omicshelf-dim omicshelf-number" role="status" title={title || undefined}>
      {t('{n} of {of} cells', { n: count(n), of: count(of) })}
    </span>
  );
}

interface IDimensionsProps {
  width: number;
  value: readonly [number, number];
  onChange: (value: readonly [number, number]) => void;
}

function Dimensions({ width, value: [across, up], onChange }: IDimensionsProps) {
  const t = useWords();
  const options = Array.from({ length: Math.min(width, DIMENSIONS_LISTED) }, (_, i) => ({
    value: String(i),
    label: String(i + 1)
  }));
  // The two change places where one is chosen for both.
  return (
    <span className="omicshelf-contents-dimensions">
      <Select
        label={t('Dimension across')}
        value={String(across)}
        options={options}
        onChange={value => onChange([Number(value), Number(value) === up ? across : up])}
      />
      <span aria-hidden="true">×</span>
      <Select
        label={t('Dimension upwards')}
        value={String(up)}
        options={options}
        onChange={value => onChange([Number(value) === across ? up : across, Number(value)])}
      />
    </span>
  );
}

const NOTHING = 'none';

function ColorSelect({ modality, choice, onChoice }: IToolbarProps) {
  const t = useWords();
  const { color } = choice;
  const columns = columnsOf(modality, 'obs').filter(({ type }) => type !== 'unreadable');
  // A column may be called "none": what they are called here, they are not called in the data.
  const options = [
    { value: NOTHING, label: t('nothing') },
    ...columns.map(({ name, type, n_categories: n }) => ({
      value: `obs/${name}`,
      label: name,
      hint: n === null ? type : count(n)
    }))
  ];
  const chosen: Record<ColorBy['kind'], string | null> = {
    none: NOTHING,
    column: color.kind === 'column' ? `obs/${color.name}` : null,
    gene: null
  };
  return (
    <label className="omicshelf-contents-choice">
      <span>{t('Colour by')}</span>
      <Select
        label={t('Colour by')}
        icon="tag"
        value={chosen[color.kind]}
        placeholder={color.kind === 'gene' ? t('a gene') : undefined}
        options={options}
        onChange={value =>
          onChoice({
            ...choice,
            color:
              value === NOTHING
                ? { kind: 'none' }
                : { kind: 'column', name: value.slice('obs/'.length) }
          })
        }
      />
    </label>
  );
}
