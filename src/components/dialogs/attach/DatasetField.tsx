/** A dataset that is found as its id is typed. */

import { useQuery } from '@tanstack/react-query';
import type { DatasetRecord, IDatasetRef } from '../../../api/records';
import { Combobox, Field, shape, useHost, useWords } from '../../base';
import { keys, useFind } from '../../data';
import { isolated } from '../../document/isolated';

const PROPOSED = 20;

export interface IFoundRecord {
  record: DatasetRecord | undefined;
  /** There is none of that id. */
  missing: boolean;
}

/** The record of a dataset whose id is being typed. */
export function useRecord(dataset: IDatasetRef): IFoundRecord {
  const { client } = useHost();
  const { atlas } = dataset;
  const id = dataset.id.trim();
  // Looked for, and not asked for by its name: most of what is typed is the name of nothing yet.
  const { data } = useQuery({
    queryKey: [...keys.finds(atlas), 'of this id', id],
    queryFn: ({ signal }) =>
      client.find(atlas, { where: [['dataset_id', '=', id]], limit: 1, count: false }, signal),
    enabled: atlas !== '' && id !== ''
  });
  const record = data?.datasets[0];
  return { record, missing: data !== undefined && !record };
}

interface IDatasetFieldProps {
  dataset: IDatasetRef;
  missing: boolean;
  onChange: (dataset: IDatasetRef) => void;
}

export function DatasetField({ dataset, missing, onChange }: IDatasetFieldProps) {
  const t = useWords();
  const text = dataset.id.trim();
  // Without a word, what was changed last: that is what results are of.
  const query = text
    ? { text, limit: PROPOSED }
    : { orderBy: '-last_modified_at', limit: PROPOSED };
  const found = useFind(dataset.atlas, query).data?.pages[0]?.datasets ?? [];
  return (
    <Field
      label={t('Dataset')}
      error={
        missing && !found.length ? t('There is no dataset {id}', { id: isolated(text) }) : undefined
      }
    >
      <Combobox
        value={dataset.id}
        placeholder={t('Its id, or a word of it')}
        options={found.map(one => ({
          value: one.dataset_id,
          label: one.dataset_id,
          hint: one.version.shape ? shape(one.version.shape) : one.version.data_type
        }))}
        onQuery={() => undefined}
        onChange={id => onChange({ atlas: dataset.atlas, id })}
      />
    </Field>
  );
}
