/** Which part of the data is loaded: the cells of some categories, some genes. */

import { type ClipboardEvent, useMemo, useRef, useState } from 'react';
import type { Summary, VersionRecord } from '../../../api/records';
import { classes, count, type IOption, Select, TokenField, useWords } from '../../base';
import { useFoundGenes, useSummary } from '../../data';
import { SYMBOLS } from '../../document/contents/cells/choices';
import { dimensionWords } from '../../document/dimensions';
import { byFrequency, type IColumn, annotated } from '../../document/overview/elements';
import type { ILoadWish, IPart } from '../../host';
import type { Translate } from '../../words';
import type { ILoadForm } from './LoadDialog';

/** A wish as it is meant: a column of which no value is chosen yet leaves out no cells. */
export function meant(wish: ILoadWish): ILoadWish {
  const { obs, ...others } = wish.part ?? {};
  const said = Object.entries(obs ?? {}).filter(([, values]) => values.length > 0);
  return obs
    ? { ...wish, part: said.length ? { ...others, obs: Object.fromEntries(said) } : others }
    : wish;
}

/** Whether it is a part that is wished, and nothing says which. */
export function isUnsaid(wish: ILoadWish): boolean {
  const { as, part } = meant(wish);
  return as === 'part' && !part?.obs && !part?.var?.length;
}

/** The names in a text that was copied from a table, a paper or code. */
export function pastedNames(text: string): string[] {
  const separator = /[\n\r\t,;]/.test(text) ? /[\n\r\t,;]+/ : /\s+/;
  const names = text.split(separator).map(name => name.trim().replace(/^(["'])(.*)\1$/, '$2'));
  return names.filter(name => name !== '');
}

interface ISubsetProps {
  form: ILoadForm;
  record: VersionRecord;
}

export function SubsetFields({ form, record }: ISubsetProps) {
  const { data: summary } = useSummary(record);
  const part = form.wish.part ?? {};
  const change = (changed: IPart) =>
    form.change({ part: { ...part, ...changed }, evenIfLarge: undefined });
  return (
    <div className="omicshelf-subset">
      <CellsField summary={summary} record={record} part={part} onChange={change} />
      <GenesField summary={summary} record={record} part={part} onChange={change} />
    </div>
  );
}

interface IPartFieldProps {
  summary: Summary | undefined;
  record: VersionRecord;
  part: IPart;
  onChange: (part: IPart) => void;
}

const NO_NAMES: readonly string[] = [];
const NO_OPTIONS: readonly IOption[] = [];

function CellsField({ summary, record, part, onChange }: IPartFieldProps) {
  const t = useWords();
  const columns = useMemo(() => categoryColumns(summary), [summary]);
  const [chosen, values = []] = Object.entries(part.obs ?? {})[0] ?? [];
  const column = columns.find(({ name }) => name === chosen);
  const options = useMemo(
    () =>
      column
        ? byFrequency(column.element).map(({ name, n }) => ({
            value: name,
            label: name,
            hint: count(n)
          }))
        : NO_OPTIONS,
    [column]
  );
  if (!columns.length) {
    return null;
  }
  const n = summary?.n_obs;
  const ofSamples = hasSamples(t, record);
  const all = n ? t('all {n}', { n: count(n) }) : t('all');
  return (
    <div className="omicshelf-subset-row">
      <span className="omicshelf-subset-label">{ofSamples ? t('Samples') : t('Cells')}</span>
      <Select
        size="small"
        className={classes(
          'omicshelf-subset-column',
          chosen !== undefined && 'omicshelf-mod-chosen'
        )}
        label={t('The column of obs that says which')}
        value={chosen ?? ''}
        options={[
          { value: '', label: all },
          ...columns.map(({ name }) => ({ value: name, label: name }))
        ]}
        onChange={name => onChange({ obs: name === '' ? undefined : { [name]: [] } })}
      />
      {chosen !== undefined && (
        <>
          <span>{t('is')}</span>
          <TokenField
            className="omicshelf-subset-values"
            label={t('Values of {column}', { column: chosen })}
            values={values}
            options={options}
            // A summary has the most frequent ones of very many.
            free={options.length < (column?.element.n_categories ?? 0)}
            onChange={next => onChange({ obs: { [chosen]: next } })}
          />
        </>
      )}
    </div>
  );
}

/** Whether its observations are samples, and no cells. */
function hasSamples(t: Translate, record: VersionRecord): boolean {
  return dimensionWords(t, record)?.[0] === t('samples');
}

/** How many cells and genes: `95 cells × 2 genes`. */
export function shapeWords(
  t: Translate,
  record: VersionRecord,
  [rows, columns]: readonly [number, number]
): string {
  const observations = hasSamples(t, record)
    ? t.plural('{n} sample', '{n} samples', rows, { n: count(rows) })
    : t.plural('{n} cell', '{n} cells', rows, { n: count(rows) });
  const features = t.plural('{n} gene', '{n} genes', columns, { n: count(columns) });
  return `${observations} × ${features}`;
}

/** The columns by whose categories cells can be chosen. */
function categoryColumns(summary: Summary | undefined): IColumn[] {
  return summary ? annotated(summary).obs.filter(({ element }) => element.categories) : [];
}

function GenesField({ summary, record, part, onChange }: IPartFieldProps) {
  const t = useWords();
  const [text, setText] = useState('');
  const where = useMemo(() => {
    const named = summary ? annotated(summary).var : [];
    const columns = named.map(({ name }) => name).filter(name => SYMBOLS.test(name));
    return { modality: '', table: 'var' as const, columns };
  }, [summary]);
  const found = useFoundGenes(record, where, text);
  // What people call the genes that were chosen, when others are found.
  const known = useRef(new Map<string, IOption>());
  found.options.forEach(option => known.current.set(option.value, option));
  const names = part.var ?? NO_NAMES;
  const options = useMemo(() => {
    const chosen = names.flatMap(name => known.current.get(name) ?? []);
    return [...found.options, ...chosen.filter(option => !found.options.includes(option))];
  }, [found.options, names]);

  const choose = (next: readonly string[]) => {
    // A symbol that was typed stands for the name of its row.
    const byLabel = (name: string) =>
      found.options.find(({ value, label }) => value !== name && label === name)?.value ?? name;
    const unique = [...new Set(next.map(byLabel))];
    onChange({ var: unique.length ? unique : undefined });
  };
  const paste = (event: ClipboardEvent) => {
    const pasted = pastedNames(event.clipboardData.getData('text/plain'));
    if (pasted.length > 1) {
      event.preventDefault();
      choose([...names, ...pasted]);
    }
  };
  const n = summary?.n_vars;
  return (
    <div className="omicshelf-subset-row" onPaste={paste}>
      <span className="omicshelf-subset-label">{t('Genes')}</span>
      <TokenField
        className="omicshelf-subset-values"
        label={t('Names of genes')}
        placeholder={n ? t('all {n}', { n: count(n) }) : t('all')}
        values={names}
        options={options}
        onQuery={setText}
        onChange={choose}
      />
    </div>
  );
}
