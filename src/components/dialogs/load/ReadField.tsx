/** How the data are read: whole, opened on disk, or lazily, with what each takes. */

import { type ReactNode, useId } from 'react';
import type { VersionRecord } from '../../../api/records';
import { bytes, Checkbox, classes, Field, Icon, useWords } from '../../base';
import type { LoadAs } from '../../host';
import type { Translate } from '../../words';
import type { ILoadForm } from './LoadDialog';
import type { IPlans } from './plan';
import { isUnsaid, shapeWords, SubsetFields } from './SubsetFields';

const LEAST = 1_000_000;

/** About what it takes: `about 5 MB`, `under 1 MB`; nothing where nobody knows. */
export function memoryWords(t: Translate, memory: number | null | undefined): string {
  if (memory === null || memory === undefined) {
    return '';
  }
  return memory < LEAST
    ? t('under {size}', { size: roundBytes(LEAST) })
    : t('about {size}', { size: roundBytes(memory) });
}

/** An estimate has no decimal that is a zero. */
function roundBytes(n: number): string {
  return bytes(n).replace(/[.,]0(?=\s)/, '');
}

interface IReadProps {
  form: ILoadForm;
  record: VersionRecord;
}

export function ReadField({ form, record }: IReadProps) {
  const t = useWords();
  const { plan, large } = form;
  if (!plan?.ways.length) {
    return null;
  }
  // Where it is too large, what can be done comes first and the full load last.
  const ways = large
    ? [...plan.ways.filter(way => way !== 'memory'), ...plan.ways.filter(way => way === 'memory')]
    : plan.ways;
  const list = (
    <Ways
      form={form}
      record={record}
      ways={ways}
      explained={large !== null}
      label={t('How it is read')}
    />
  );
  return large ? (
    list
  ) : (
    <Field label={t('Read')} group>
      {list}
    </Field>
  );
}

interface IWaysProps extends IReadProps {
  ways: readonly LoadAs[];
  explained: boolean;
  label: string;
}

function Ways({ form, record, ways, explained, label }: IWaysProps) {
  const t = useWords();
  const name = useId();
  const chosen = form.wish.as ?? 'memory';
  return (
    <div
      role="radiogroup"
      aria-label={label}
      className={classes('omicshelf-ways', explained && 'omicshelf-mod-explained')}
    >
      {ways.map(way => (
        <div
          key={way}
          className={classes('omicshelf-way', way === chosen && 'omicshelf-mod-chosen')}
        >
          <label className="omicshelf-choice">
            <input
              type="radio"
              className="omicshelf-radio"
              name={name}
              value={way}
              checked={way === chosen}
              onChange={() => form.change({ as: way, evenIfLarge: undefined })}
            />
            <span className="omicshelf-way-name">{title(t, way, explained)}</span>
          </label>
          <span className="omicshelf-way-memory">
            {explained && way === 'memory' && <Icon name="warning" tone="warning" />}
            {memoryWords(t, form.memory[way])}
          </span>
          {(explained || way === 'part') && (
            <Explanation form={form} record={record} way={way} chosen={way === chosen} />
          )}
        </div>
      ))}
    </div>
  );
}

interface IExplanationProps extends IReadProps {
  way: LoadAs;
  chosen: boolean;
}

function Explanation({ form, record, way, chosen }: IExplanationProps) {
  const t = useWords();
  let words: ReactNode;
  switch (way) {
    case 'backed':
      words = t(
        'X stays on disk; obs, var and embeddings are read now. Rows of X are read when used; ' +
          'they cannot be written.'
      );
      break;
    case 'lazy':
      words = t(
        'Every element on first use, as dask and xarray. For whole-matrix steps in pieces.'
      );
      break;
    case 'part':
      return chosen ? <Part form={form} record={record} /> : null;
    default:
      words = t('The kernel would very likely be stopped by the system.');
  }
  return (
    <div className="omicshelf-way-words">
      {words}
      {way === 'memory' && chosen && <EvenIfLarge form={form} />}
    </div>
  );
}

function EvenIfLarge({ form }: { form: ILoadForm }) {
  const t = useWords();
  return (
    <Checkbox
      checked={form.wish.evenIfLarge ?? false}
      onChange={evenIfLarge => form.change({ evenIfLarge })}
    >
      {t('Load it all the same')}
    </Checkbox>
  );
}

/** What the part is, how large, and the fields that say which. */
function Part({ form, record }: IReadProps) {
  const t = useWords();
  const unsaid = isUnsaid(form.wish);
  const [rows, columns] = form.shape ?? [null, null];
  const stillLarge = !unsaid && form.plan?.obstacle?.kind === 'large' && !form.waiting;
  return (
    <div className="omicshelf-way-words">
      <div role="status">
        {unsaid
          ? t('Choose by the categories of a column, by genes, or by both.')
          : rows !== null && columns !== null && shapeWords(t, record, [rows, columns])}
      </div>
      <SubsetFields form={form} record={record} />
      {(stillLarge || form.wish.evenIfLarge) && (
        <div>
          {t('It is more than half of the free memory still: choose less.')}
          <EvenIfLarge form={form} />
        </div>
      )}
    </div>
  );
}

function title(t: Translate, way: LoadAs, short: boolean): string {
  switch (way) {
    case 'backed':
      return short ? t('Backed') : t('Backed: X stays on disk');
    case 'lazy':
      return short ? t('Lazy') : t('Lazy: every element on first use');
    case 'part':
      return short ? t('A subset') : t('A subset: cells, genes');
    default:
      return t('Into memory');
  }
}

/** What it takes beside what is free, as two lengths. */
export function LargeBar({ large }: { large: NonNullable<IPlans['large']> }) {
  const t = useWords();
  const { memory, freeMemory } = large;
  const most = Math.max(memory, freeMemory);
  const larger = memory > freeMemory;
  const size = roundBytes(memory);
  const free = roundBytes(freeMemory);
  return (
    <div className="omicshelf-large">
      <div className="omicshelf-large-title">
        <Icon name="warning" tone="warning" />
        <span className="omicshelf-strong">
          {larger ? t('Larger than the free memory') : t('Larger than half of the free memory')}
        </span>
      </div>
      <div className="omicshelf-large-words">
        <span>
          {t('Full load:')} <b>{t('about {size}', { size })}</b>
        </span>
        <span>
          <b>{free}</b> {t('free')}
        </span>
      </div>
      <div className="omicshelf-large-bar" aria-hidden="true">
        <i style={{ width: `${(Math.min(memory, freeMemory) / most) * 100}%` }} />
        {larger && (
          <i
            className="omicshelf-mod-over"
            style={{ width: `${((memory - freeMemory) / most) * 100}%` }}
          />
        )}
      </div>
    </div>
  );
}
