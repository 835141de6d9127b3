/** One dataset, chosen by typing a part of its name; for forms. */

import { useEffect, useState } from 'react';

import { asCatalogError } from '../api/errors';
import {
  Combobox,
  Field,
  type IOption,
  Icon,
  Text,
  typeIcon,
  useSlow,
  useWords,
  classes
} from '../components/base';
import { useFind } from '../components/data';
import { factsOf } from '../components/sidebar/describe';
import { useTrait } from './traits';
import type { IViewProps } from './View';

const OFFERED = 50;
const SETTLED_AFTER_MS = 150;

export function Picker({ model }: IViewProps) {
  const t = useWords();
  const [description] = useTrait(model, 'description');
  const [value, setValue] = useTrait(model, 'value');
  const [text, setText] = useState(value ?? '');
  const [typed, setTyped] = useState('');
  useEffect(() => setText(value ?? ''), [value]);
  const found = useOffers(model, typed);
  const choose = (option: IOption) => {
    setValue(option.value);
    setTyped('');
  };
  const leave = () => {
    setTyped('');
    // What is no dataset is not chosen; an empty field is none.
    const named = found.options.find(option => option.value === text.trim());
    if (!text.trim()) {
      setValue(null);
    } else if (named) {
      setValue(named.value);
    }
    setText(text.trim() && !named ? (value ?? '') : text.trim());
  };
  const field = (
    <Combobox
      label={description || t('Dataset')}
      className={classes('omicshelf-picker-field', found.searching && 'omicshelf-mod-busy')}
      placeholder={t('Choose a dataset')}
      value={text}
      options={found.options}
      onQuery={setTyped}
      onChange={setText}
      onChoose={choose}
      onBlur={leave}
    />
  );
  return (
    <div className="omicshelf-picker">
      {description ? <Field label={description}>{field}</Field> : field}
      {found.problem && (
        <span role="status" className="omicshelf-picker-problem">
          <Icon name="error" tone="error" size="small" />
          <Text text={found.problem} wrap />
        </span>
      )}
    </div>
  );
}

/** The datasets of the atlas that match the widget's query, and what is typed. */
function useOffers(model: IViewProps['model'], typed: string) {
  const t = useWords();
  const [atlas] = useTrait(model, 'atlas');
  const [query] = useTrait(model, 'query');
  const [words, setWords] = useState(typed);
  useEffect(() => {
    const timer = setTimeout(() => setWords(typed), SETTLED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const search = [query, words.replace(/["']/g, ' ')].filter(Boolean).join(' ');
  const found = useFind(atlas ?? '', {
    search: search || undefined,
    orderBy: '-last_modified_at',
    limit: OFFERED,
    count: false
  });
  const options = (found.data?.pages[0]?.datasets ?? []).map(record => ({
    value: record.dataset_id,
    label: record.dataset_id,
    hint: factsOf(t, record.version),
    icon: typeIcon(record.version.data_type, record.version.data_format)
  }));
  return {
    options,
    problem: found.error ? asCatalogError(found.error).title : null,
    searching: useSlow(found.isFetching)
  };
}
