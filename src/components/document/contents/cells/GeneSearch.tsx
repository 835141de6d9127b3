/** Find a gene by a part of its name, and colour the plot by it. */

import { useEffect, useMemo, useState } from 'react';

import type { VersionRecord } from '../../../../api/records';
import { Combobox, useWords } from '../../../base';
import { useFoundGenes } from '../../../data';
import { type IPlotChoice, type Modality, genesOf, symbolColumns } from './choices';

// CD20: the marker of B cells, in every panel of blood.
const EXAMPLE = 'MS4A1';

export interface IGeneSearchProps {
  version: VersionRecord;
  modality: Modality;
  choice: IPlotChoice;
  onChoice: (choice: IPlotChoice) => void;
}

export function GeneSearch({ version, modality, choice, onChoice }: IGeneSearchProps) {
  const t = useWords();
  const { color } = choice;
  const [text, setText] = useState('');
  const shown = color.kind === 'gene' ? color.label : '';
  // What the plot shows is what the field says, wherever it was chosen.
  useEffect(() => setText(shown), [shown]);
  const table = genesOf(choice.matrix);
  const columns = useMemo(() => symbolColumns(modality, table), [modality, table]);
  const found = useFoundGenes(version, { modality: modality.name, table, columns }, text);
  if (!modality.matrices?.length) {
    return null;
  }
  return (
    <Combobox
      className="omicshelf-contents-gene"
      label={t('Colour by a gene')}
      placeholder={t('Gene, e.g. {name}', { name: EXAMPLE })}
      value={text}
      options={found.options}
      onQuery={() => undefined}
      onChange={setText}
      onBlur={() => setText(shown)}
      onChoose={({ value, label }) =>
        onChoice({ ...choice, color: { kind: 'gene', name: value, label } })
      }
    />
  );
}
