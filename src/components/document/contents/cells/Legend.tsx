/** What the colours mean: categories with their counts, or a bar of values. */

import { useState } from 'react';

import {
  Bidi,
  Checkbox,
  LinkButton,
  Select,
  Text,
  TextField,
  count,
  measured,
  share,
  useWords
} from '../../../base';
import { gradient } from '../plot/palette';
import {
  type Categories,
  type Clip,
  type IEntry,
  type Numbers,
  NO_VALUE,
  entriesOf,
  hasOwnColors,
  limitsOf
} from './coloring';

export interface ILegendProps {
  categories: Categories;
  name: string;
  nObs: number;
  hidden: ReadonlySet<number>;
  onHidden: (hidden: ReadonlySet<number>) => void;
  /** The entries that are chosen, as a lasso would choose their cells. */
  chosen: ReadonlySet<number>;
  onChosen: (chosen: ReadonlySet<number>) => void;
}

// From as many on a field to find one of them is quicker than looking.
const SEARCHED_FROM = 20;

export function Legend(props: ILegendProps) {
  const { categories, name, nObs, hidden, onHidden, chosen, onChosen } = props;
  const t = useWords();
  const [text, setText] = useState('');
  const entries = entriesOf(categories);
  const searched = entries.length >= SEARCHED_FROM;
  const folded = text.trim().toLocaleLowerCase();
  const shown = folded
    ? entries.filter(entry => entry.name?.toLocaleLowerCase().includes(folded))
    : entries;
  const all = hidden.size === 0;
  return (
    <section className="omicshelf-legend" aria-label={t('Legend')}>
      <header className="omicshelf-legend-head">
        <Text text={name} className="omicshelf-strong" />
        <span className="omicshelf-dim omicshelf-number">{count(categories.n_categories)}</span>
        <span className="omicshelf-contents-gap" />
        <LinkButton onClick={() => onHidden(all ? new Set(entries.map(e => e.code)) : new Set())}>
          {all ? t('None') : t('All')}
        </LinkButton>
      </header>
      {searched && (
        <TextField
          kind="search"
          label={t('Find a category')}
          placeholder={t('Find a category')}
          value={text}
          onChange={setText}
        />
      )}
      <ul className="omicshelf-legend-entries">
        {shown.map(entry => (
          <Entry
            key={entry.code}
            entry={entry}
            nObs={nObs}
            nOther={categories.n_other}
            shown={!hidden.has(entry.code)}
            onShown={isShown => onHidden(toggled(hidden, entry.code, !isShown))}
            chosen={chosen.has(entry.code)}
            onChosen={more =>
              onChosen(
                more || chosen.has(entry.code)
                  ? toggled(chosen, entry.code, !chosen.has(entry.code))
                  : new Set([entry.code])
              )
            }
          />
        ))}
      </ul>
      {hasOwnColors(categories) && (
        <p className="omicshelf-legend-note">
          {t('Colours are the file’s own,')} <code>{`uns['${name}_colors']`}</code>
        </p>
      )}
    </section>
  );
}

interface IEntryProps {
  entry: IEntry;
  nObs: number;
  nOther: number;
  shown: boolean;
  onShown: (shown: boolean) => void;
  chosen: boolean;
  /** Choose its cells; `more` beside those that are chosen. */
  onChosen: (more: boolean) => void;
}

function Entry({ entry, nObs, nOther, shown, onShown, chosen, onChosen }: IEntryProps) {
  const t = useWords();
  const words =
    entry.name ??
    (entry.code === NO_VALUE
      ? t('no value')
      : t.plural('{n} other', '{n} others', nOther, { n: count(nOther) }));
  return (
    <li className={`omicshelf-legend-entry ${chosen ? 'omicshelf-mod-chosen' : ''}`}>
      <Checkbox
        label={t('Show {category}', { category: words })}
        checked={shown}
        onChange={onShown}
      />
      <button
        type="button"
        className="omicshelf-legend-choose"
        aria-pressed={chosen}
        title={t('Choose these cells; with Ctrl also others')}
        onClick={event => onChosen(event.ctrlKey || event.metaKey || event.shiftKey)}
      >
        <i className="omicshelf-legend-dot" style={{ background: entry.color }} />
        <Text text={words} className={entry.name === null ? 'omicshelf-dim' : undefined} />
        {entry.n !== null && (
          <>
            <span className="omicshelf-legend-count">{count(entry.n)}</span>
            <span className="omicshelf-legend-share">{share(entry.n, nObs)}</span>
          </>
        )}
      </button>
    </li>
  );
}

function toggled(set: ReadonlySet<number>, code: number, on: boolean): ReadonlySet<number> {
  const next = new Set(set);
  if (on) {
    next.add(code);
  } else {
    next.delete(code);
  }
  return next;
}

export interface IValueLegendProps {
  numbers: Numbers;
  name: string;
  nObs: number;
  clip: Clip;
  onClip: (clip: Clip) => void;
}

/** The bar of a continuous colour, and what its ends are. */
export function ValueLegend({ numbers, name, nObs, clip, onClip }: IValueLegendProps) {
  const t = useWords();
  const limits = limitsOf(numbers, clip);
  const write = measured([...limits, numbers.min, numbers.max]);
  const clipped = (limit: number, end: number | null) => end !== null && limit !== end;
  const facts: [string, string][] = [
    [t('Lowest'), write(numbers.min)],
    [t('Median'), write(numbers.quantiles?.[3])],
    [t('Highest'), write(numbers.max)],
    [t('Zero'), `${count(numbers.n_zero)} (${share(numbers.n_zero, nObs)})`],
    [t('No value'), count(numbers.n_missing)]
  ];
  return (
    <section className="omicshelf-legend" aria-label={t('Legend')}>
      <header className="omicshelf-legend-head">
        <Text text={name} className="omicshelf-strong" />
        <span className="omicshelf-contents-gap" />
        <Bidi text={numbers.source.split('/').slice(0, -1).join('/')} />
      </header>
      <div className="omicshelf-legend-bar" style={{ background: gradient('viridis') }} />
      <div className="omicshelf-legend-ends">
        <span>{(clipped(limits[0], numbers.min) ? '≤ ' : '') + write(limits[0])}</span>
        <span>{(clipped(limits[1], numbers.max) ? '≥ ' : '') + write(limits[1])}</span>
      </div>
      <label className="omicshelf-contents-choice">
        <span>{t('Colours over')}</span>
        <Select<Clip>
          label={t('Colours over')}
          value={clip}
          options={[
            { value: 'none', label: t('all values') },
            { value: '1', label: t('1% to 99%') },
            { value: '5', label: t('5% to 95%') }
          ]}
          onChange={onClip}
        />
      </label>
      <dl className="omicshelf-legend-facts">
        {facts.map(([what, value]) => (
          <div key={what}>
            <dt>{what}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
    </section>
  );
}

export interface IPointSizeProps {
  value: number;
  onChange: (value: number) => void;
}

export function PointSize({ value, onChange }: IPointSizeProps) {
  const t = useWords();
  return (
    <label className="omicshelf-legend-size">
      <span>{t('Point size')}</span>
      <input
        type="range"
        min={1}
        max={12}
        step={0.5}
        value={value}
        onChange={event => onChange(Number(event.currentTarget.value))}
      />
    </label>
  );
}
