/** Metadata as a form: a field for each key, and one for a key that is not there yet. */

import { useMemo, useState } from 'react';
import { Button, Combobox, type IOption, LinkButton, useWords } from '../../../base';
import { keyOf } from './draft';
import { keyLabel } from './labels';
import { MetadataField } from './MetadataField';
import type { IMetadataDraft } from './useMetadataDraft';
import { useKeysInUse, useValuesInUse } from './useSuggestions';

interface IMetadataFormProps {
  atlas: string;
  draft: IMetadataDraft;
}

const PROPOSED = 4;

export function MetadataForm({ atlas, draft }: IMetadataFormProps) {
  const t = useWords();
  const keys = useMemo(() => draft.fields.map(keyOf), [draft.fields]);
  const inUse = useKeysInUse(atlas, true);
  const values = useValuesInUse(atlas, keys, keys.length > 0);
  const missing = inUse.keys.filter(({ key }) => !keys.includes(key));
  const proposed = missing.filter(use => use.n_datasets > inUse.n_datasets / 4);
  return (
    <div className="omicshelf-metadata-form" role="group" aria-label={t('Metadata')}>
      {draft.fields.map(field => (
        <MetadataField
          key={field.id}
          field={field}
          fields={draft.fields}
          values={values[keyOf(field)] ?? NO_VALUES}
          onChange={part => draft.setField(field.id, part)}
          onRemove={() => draft.removeField(field.id)}
        />
      ))}
      <AddField
        options={missing.map(({ key, n_datasets: n }) => ({
          value: key,
          label: key,
          hint: t.plural('in {n} dataset', 'in {n} datasets', n)
        }))}
        taken={keys}
        onAdd={key => draft.addField(key)}
      />
      {proposed.length > 0 && (
        <div className="omicshelf-metadata-proposed">
          <span className="omicshelf-dim">{t('Often given:')}</span>{' '}
          {proposed.slice(0, PROPOSED).map(({ key }) => (
            <LinkButton
              key={key}
              label={t('Add the field {key}', { key })}
              onClick={() => draft.addField(key)}
            >
              {keyLabel(key)}
            </LinkButton>
          ))}
        </div>
      )}
    </div>
  );
}

const NO_VALUES: Record<string, number> = {};

interface IAddFieldProps {
  options: readonly IOption[];
  taken: readonly string[];
  onAdd: (key: string) => void;
}

function AddField({ options, taken, onAdd }: IAddFieldProps) {
  const t = useWords();
  const [key, setKey] = useState('');
  const known = key.trim();
  const add = (wanted: string) => {
    if (wanted && !taken.includes(wanted)) {
      onAdd(wanted);
      setKey('');
    }
  };
  return (
    <form
      className="omicshelf-metadata-add"
      onSubmit={event => {
        event.preventDefault();
        event.stopPropagation();
        add(known);
      }}
    >
      <Combobox
        label={t('Add a field')}
        placeholder={t('Add a field')}
        value={key}
        options={options}
        onChange={setKey}
        onChoose={option => add(option.value)}
      />
      <Button icon="plus" type="submit" label={t('Add the field')} disabled={!known} />
      {taken.includes(known) && known !== '' && (
        <div className="omicshelf-metadata-add-problem" role="status">
          {t('It is in the form already.')}
        </div>
      )}
    </form>
  );
}
