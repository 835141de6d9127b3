/** The filters: mine, this week, dates, sizes, and the values of fields with their counts. */

import { useState } from 'react';

import {
  Bar,
  Checkbox,
  Chip,
  Disclosure,
  LinkButton,
  RadioGroup,
  Text,
  count,
  useHost,
  useWords
} from '../base';
import { useInfo } from '../data';
import { type IRangeChoice, labelOf, sizeChoices, thisWeek, timeChoices } from './facets';
import {
  type ISearch,
  NO_SEARCH,
  hasValue,
  nFilters,
  rangeOf,
  toggleValue,
  valuesOf,
  withRange
} from './query';
import { useOtherValues } from './reading';

const SHOWN_AT_FIRST = 6;
const OPEN_AT_FIRST = 2;
/** As many values of a field are asked for. */
export const FACET_LIMIT = 50;

export interface IFacetDrawerProps {
  atlas: string;
  search: ISearch;
  fields: readonly string[];
  counts: Readonly<Record<string, Readonly<Record<string, number>>>>;
  open: Readonly<Record<string, boolean>>;
  onOpen: (field: string, open: boolean) => void;
  onChange: (search: ISearch) => void;
}

export function FacetDrawer(props: IFacetDrawerProps) {
  const { atlas, search, fields, onChange, open, onOpen } = props;
  const t = useWords();
  const others = useOtherValues(atlas, search, fields, FACET_LIMIT);
  return (
    <section className="omicshelf-filters" aria-label={t('Filters')}>
      <QuickFilters search={search} onChange={onChange} />
      <div className="omicshelf-facets">
        {fields.map((field, i) => (
          <Facet
            key={field}
            field={field}
            search={search}
            counts={others[field] ?? props.counts[field]}
            open={open[field] ?? i < OPEN_AT_FIRST}
            onOpen={isOpen => onOpen(field, isOpen)}
            onChange={onChange}
          />
        ))}
        <Range
          title={t('Changed')}
          name="modified"
          choices={timeChoices(t)}
          search={search}
          open={open.modified ?? false}
          onOpen={isOpen => onOpen('modified', isOpen)}
          onChange={onChange}
        />
        <Range
          title={t('Size')}
          name="size"
          choices={sizeChoices(t)}
          search={search}
          open={open.size ?? false}
          onOpen={isOpen => onOpen('size', isOpen)}
          onChange={onChange}
        />
      </div>
    </section>
  );
}

interface IFiltering {
  search: ISearch;
  onChange: (search: ISearch) => void;
}

function QuickFilters({ search, onChange }: IFiltering) {
  const t = useWords();
  const user = useInfo().data?.user;
  const week = thisWeek();
  return (
    <div className="omicshelf-quick">
      {user && (
        <Chip
          pressed={hasValue(valuesOf(search, 'author'), user)}
          onChange={() => onChange(toggleValue(search, 'author', user))}
        >
          {t('Mine')}
        </Chip>
      )}
      <Chip
        pressed={rangeOf(search, 'modified') === week}
        onChange={pressed => onChange(withRange(search, 'modified', pressed ? week : null))}
      >
        {t('This week')}
      </Chip>
      <span className="omicshelf-grow" />
      {nFilters(search) > 0 && (
        <LinkButton onClick={() => onChange({ ...NO_SEARCH, words: search.words })}>
          {t('Clear filters')}
        </LinkButton>
      )}
    </div>
  );
}

interface IFacetProps extends IFiltering {
  field: string;
  counts: Readonly<Record<string, number>> | undefined;
  open: boolean;
  onOpen: (open: boolean) => void;
}

function Facet({ field, search, counts, open, onOpen, onChange }: IFacetProps) {
  const t = useWords();
  const [all, setAll] = useState(false);
  const chosen = valuesOf(search, field);
  const found = Object.entries(counts ?? {});
  // What is chosen stays to be taken back, though nothing has it any more.
  const gone = chosen.filter(value => !hasValue(Object.keys(counts ?? {}), value));
  const values: [string, number][] = [
    ...found,
    ...gone.map((value): [string, number] => [value, 0])
  ];
  const most = Math.max(1, ...found.map(([, n]) => n));
  const shown = all ? values : atFirst(values, chosen);
  return (
    <Disclosure
      className="omicshelf-facet"
      title={<Text text={labelOf(t, field)} />}
      open={open}
      onToggle={onOpen}
      level={3}
      hint={open ? undefined : <Text text={chosen.length ? chosen.join(', ') : t('any')} />}
    >
      <ul>
        {shown.map(([value, n]) => (
          <FacetValue
            key={value}
            value={value}
            n={n}
            most={most}
            chosen={hasValue(chosen, value)}
            onToggle={() => onChange(toggleValue(search, field, value))}
          />
        ))}
        {counts && !values.length && <li className="omicshelf-dim">{t('Nothing to choose')}</li>}
      </ul>
      {values.length > shown.length && (
        <LinkButton className="omicshelf-facet-more" onClick={() => setAll(true)}>
          {t('{n} more', { n: values.length - shown.length })}
        </LinkButton>
      )}
      {all && found.length >= FACET_LIMIT && (
        <div className="omicshelf-facet-more omicshelf-dim">
          {t('The most frequent ones. Type {key} in the search for others.', {
            key: `${labelOf(t, field)}:`
          })}
        </div>
      )}
    </Disclosure>
  );
}

function atFirst(values: [string, number][], chosen: readonly string[]): [string, number][] {
  // One more than fits is shown rather than hidden behind a button.
  const few = values.length <= SHOWN_AT_FIRST + 1 ? values.length : SHOWN_AT_FIRST;
  return values.filter(([value], i) => i < few || hasValue(chosen, value));
}

interface IFacetValueProps {
  value: string;
  n: number;
  most: number;
  chosen: boolean;
  onToggle: () => void;
}

function FacetValue({ value, n, most, chosen, onToggle }: IFacetValueProps) {
  return (
    <li>
      <Checkbox checked={chosen} onChange={onToggle}>
        <span className="omicshelf-facet-value">
          <Text text={value} />
          <Bar part={n} whole={most} />
          <span className="omicshelf-number">{count(n)}</span>
        </span>
      </Checkbox>
    </li>
  );
}

interface IRangeProps extends IFiltering {
  title: string;
  /** How it is called in a search. */
  name: string;
  choices: readonly IRangeChoice[];
  open: boolean;
  onOpen: (open: boolean) => void;
}

function Range({ title, name, choices, search, open, onOpen, onChange }: IRangeProps) {
  const { t } = useHost();
  const range = rangeOf(search, name);
  const chosen = choices.find(choice => choice.range === range);
  return (
    <Disclosure
      className="omicshelf-facet"
      title={title}
      open={open}
      onToggle={onOpen}
      level={3}
      hint={open ? undefined : <Text text={chosen?.label ?? range ?? t('any')} />}
    >
      <RadioGroup
        label={title}
        value={String(range)}
        options={choices.map(choice => ({ value: String(choice.range), label: choice.label }))}
        onChange={value => onChange(withRange(search, name, value === 'null' ? null : value))}
      />
    </Disclosure>
  );
}
