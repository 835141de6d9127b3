/** A key of the metadata, as its value is typed. */

import { useEffect, useRef, useState } from 'react';
import {
  Combobox,
  Field,
  type IOption,
  LinkButton,
  MenuButton,
  Select,
  tabbable,
  Text,
  TextArea,
  TextField,
  TokenField,
  useWords
} from '../../../base';
import type { Translate } from '../../../words';
import { isolated } from '../../isolated';
import { asKind, type FieldKind, type FieldProblem, type IField, problemOf } from './draft';
import { keyLabel } from './labels';
import { meant } from './useSuggestions';

interface IMetadataFieldProps {
  field: IField;
  fields: readonly IField[];
  /** What other datasets have under this key, with their number. */
  values: Record<string, number>;
  onChange: (part: Partial<IField>) => void;
  onRemove: () => void;
}

export function MetadataField(props: IMetadataFieldProps) {
  const { field, fields, values, onChange, onRemove } = props;
  const t = useWords();
  const place = useRef<HTMLDivElement>(null);
  const problem = problemOf(field, fields);
  const inUse = Object.keys(values);
  const better = field.kind === 'text' ? meant(field.text, inUse) : null;
  const kinds: [FieldKind, string][] = [
    ['text', t('Text')],
    ['number', t('Number')],
    ['boolean', t('Yes or no')],
    ['texts', t('List')],
    ['numbers', t('List of numbers')],
    ['json', t('JSON')]
  ];
  // A field that was just added is where the next key goes.
  const { isNew } = field;
  useEffect(() => {
    if (isNew && place.current) {
      tabbable(place.current)[0]?.focus();
    }
  }, [isNew]);
  return (
    <div className="omicshelf-metadata-field" ref={place}>
      <Field
        label={<Text text={keyLabel(field.key)} title={field.key} />}
        error={problem && problemWords(t, problem)}
        warning={
          better && (
            <>
              {t('Others write')}{' '}
              <LinkButton strong onClick={() => onChange({ text: better })}>
                {isolated(better)}
              </LinkButton>
            </>
          )
        }
        hint={<Hint field={field} onChange={onChange} />}
      >
        <Control {...props} options={inUse.map(value => ({ value, label: value }))} />
      </Field>
      <MenuButton
        icon="more"
        size="small"
        className="omicshelf-metadata-more"
        label={t('More for {key}', { key: field.key })}
        menuLabel={t('More for {key}', { key: field.key })}
        align="end"
        items={[
          ...kinds.map(([kind, label]) => ({
            label,
            checked: field.kind === kind,
            onSelect: () => onChange(asKind(field, kind))
          })),
          'separator' as const,
          { label: t('Remove'), icon: 'trash' as const, onSelect: onRemove }
        ]}
      />
    </div>
  );
}

/** Figures in a text are a text: whoever wants a number is shown how. */
function Hint({ field, onChange }: Pick<IMetadataFieldProps, 'field' | 'onChange'>) {
  const t = useWords();
  if (field.kind !== 'text' || !field.isNew || !/^[+-]?\d+(\.\d+)?$/.test(field.text.trim())) {
    return null;
  }
  return (
    <>
      {t('This is kept as text.')}{' '}
      <LinkButton onClick={() => onChange(asKind(field, 'number'))}>
        {t('Make it a number')}
      </LinkButton>
    </>
  );
}

// A text that is longer has more than one line.
const ONE_LINE = 36;

interface IControlProps extends IMetadataFieldProps {
  options: readonly IOption[];
}

function Control({ field, options, onChange }: IControlProps) {
  const t = useWords();
  // As it was at first: a control that became another while one types would lose the focus.
  const [isLong] = useState(() => field.text.length > ONE_LINE || field.text.includes('\n'));
  switch (field.kind) {
    case 'number':
      return <TextField kind="number" value={field.text} onChange={text => onChange({ text })} />;
    case 'boolean':
      return (
        <Select
          value={field.text === '' ? null : field.text}
          placeholder={t('not given')}
          options={[
            { value: 'true', label: t('yes') },
            { value: 'false', label: t('no') }
          ]}
          onChange={text => onChange({ text })}
        />
      );
    case 'texts':
    case 'numbers':
      return (
        <TokenField
          values={field.items}
          options={field.kind === 'texts' ? options : NO_OPTIONS}
          onChange={items => onChange({ items })}
        />
      );
    case 'json':
      return <TextArea code value={field.text} onChange={text => onChange({ text })} />;
    default:
      return isLong ? (
        <TextArea value={field.text} onChange={text => onChange({ text })} />
      ) : (
        <Combobox
          value={field.text}
          options={options}
          placeholder={field.isNull ? t('not given') : undefined}
          onChange={text => onChange({ text })}
        />
      );
  }
}

const NO_OPTIONS: readonly IOption[] = [];

function problemWords(t: Translate, problem: FieldProblem): string {
  switch (problem) {
    case 'no-key':
      return t('It needs a name.');
    case 'taken-key':
      return t('There is another field of this name.');
    case 'nul':
      return t('It contains a NUL character: remove it.');
    case 'surrogate':
      return t('It contains half of a character: type it again.');
    case 'not-a-number':
      return t('Must be a number, such as 12 or 0.5.');
    case 'not-exact':
      return t('Too long for a number: a browser would round it. Make it a text.');
    case 'not-json':
      return t('Must be JSON: {example}', { example: '{"a": [1, 2]}' });
    case 'not-yes-or-no':
      return t('Must be yes or no.');
  }
}
