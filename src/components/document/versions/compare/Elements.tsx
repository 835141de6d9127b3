/** Columns, layers, embeddings and matrices that came, went or are others. */

import { useState } from 'react';
import type { VersionRecord } from '../../../../api/records';
import {
  CategoryBar,
  count,
  difference,
  Disclosure,
  Histogram,
  LinkButton,
  measured,
  shape,
  Sign,
  Text,
  useWords
} from '../../../base';
import { byFrequency, colorOf } from '../../overview/elements';
import { versionName } from '../../reference';
import type { ElementRow, IBrief, IElementChange, ISection } from '../changes';

interface IElementsProps {
  from: VersionRecord;
  to: VersionRecord;
  sections: readonly ISection[];
}

export function Elements({ from, to, sections }: IElementsProps) {
  return (
    <>
      {sections.map(section => (
        <Section
          key={`${section.modality} ${section.slot}`}
          section={section}
          from={from}
          to={to}
        />
      ))}
    </>
  );
}

const SHOWN_FIRST = 20;

interface ISectionProps {
  section: ISection;
  from: VersionRecord;
  to: VersionRecord;
}

function Section({ section, from, to }: ISectionProps) {
  const t = useWords();
  const [open, setOpen] = useState(true);
  const [all, setAll] = useState(false);
  const { rows } = section;
  const more = rows.length - SHOWN_FIRST;
  const shown = all || more <= 0 ? rows : rows.slice(0, SHOWN_FIRST);
  const name = slotName(t, section.slot);
  return (
    <Disclosure
      level={3}
      open={open}
      onToggle={setOpen}
      title={section.modality ? `${section.modality}: ${name}` : name}
      hint={counted(t, section)}
    >
      <ul className="omicshelf-compare-elements">
        {shown.map(row => (
          <Row key={`${row.kind} ${row.path}`} row={row} from={from} to={to} />
        ))}
      </ul>
      {shown.length < rows.length && (
        <LinkButton onClick={() => setAll(true)}>
          {t('Show {n} more', { n: count(more) })}
        </LinkButton>
      )}
    </Disclosure>
  );
}

type Words = ReturnType<typeof useWords>;

function slotName(t: Words, slot: string): string {
  const names: Record<string, string> = {
    obs: t('obs columns'),
    var: t('var columns'),
    columns: t('Columns'),
    layers: t('Layers'),
    obsm: t('Embeddings'),
    varm: t('Loadings'),
    obsp: t('Neighbour graphs'),
    uns: t('Unstructured'),
    'raw/X': t('raw'),
    'raw/var': t('raw var columns')
  };
  return names[slot] ?? slot;
}

function counted(t: Words, { rows, followed }: ISection): string {
  const of = (kind: ElementRow['kind']) => rows.filter(row => row.kind === kind).length;
  const [added, removed, changed] = [of('added'), of('removed'), of('changed')];
  return [
    added && difference(added),
    removed && difference(-removed),
    changed && t('{n} changed', { n: count(changed) }),
    followed && t.plural('{n} other follows the cells', '{n} others follow the cells', followed)
  ]
    .filter(Boolean)
    .join(', ');
}

function Row({ row, from, to }: { row: ElementRow; from: VersionRecord; to: VersionRecord }) {
  const t = useWords();
  const words = { added: t('added'), removed: t('removed'), changed: t('changed') };
  return (
    <li className="omicshelf-compare-element">
      <Sign kind={row.kind} />
      <span className="omicshelf-unseen">{words[row.kind]}</span>
      <Text text={row.name} code className="omicshelf-compare-name" />
      {row.kind === 'changed' ? (
        <Changed change={row.change} from={from} to={to} />
      ) : (
        <Told element={row.element} />
      )}
    </li>
  );
}

/** What an element is: its type, and what is in it. */
function Told({ element }: { element: IBrief }) {
  const t = useWords();
  const { categories, n_categories: n } = element;
  return (
    <>
      <span className="omicshelf-compare-type">{typeOf(t, element)}</span>
      {categories ? (
        <span className="omicshelf-compare-figure">
          <CategoryBar
            categories={byFrequency(element).map(one => ({
              ...one,
              color: colorOf(element, one.name)
            }))}
          />
          <span>
            {t.plural('{n} category', '{n} categories', n ?? Object.keys(categories).length)}
          </span>
        </span>
      ) : (
        <span className="omicshelf-compare-figure omicshelf-dim">{rangeOf(t, element)}</span>
      )}
    </>
  );
}

function typeOf(t: Words, element: IBrief): string {
  return element.kind === 'categorical' ? t('category') : (element.dtype ?? element.kind);
}

function rangeOf(t: Words, { min, max, median, shape: size, preview }: IBrief): string {
  if (min !== undefined && max !== undefined) {
    const write = measured([min, max, median]);
    const range = t('{min} to {max}', { min: write(min), max: write(max) });
    return median === undefined
      ? range
      : `${range}, ${t('median {value}', { value: write(median) })}`;
  }
  return size && size.length > 1 ? shape(size) : (preview ?? '');
}

/** Both sides of an element that is another one. */
function Changed({
  change,
  from,
  to
}: {
  change: IElementChange;
  from: VersionRecord;
  to: VersionRecord;
}) {
  const t = useWords();
  const { was, now } = change;
  const sides = [
    [versionName(from), was],
    [versionName(to), now]
  ] as const;
  return (
    <span className="omicshelf-compare-both">
      {sides.map(([name, side], i) => (
        <span key={i} className="omicshelf-compare-side">
          {i > 0 && <span aria-hidden="true">→</span>}
          {side.histogram && (
            <Histogram
              counts={side.histogram}
              label={t('{name}: {range}', { name, range: rangeOf(t, side) })}
            />
          )}
          <span>
            {typeOf(t, side)}
            {side.n_categories !== undefined &&
              ` ${t.plural('{n} category', '{n} categories', side.n_categories)}`}
            <span className="omicshelf-dim"> {rangeOf(t, side)}</span>
          </span>
        </span>
      ))}
      <span className="omicshelf-dim">{whatOf(t, change.what)}</span>
    </span>
  );
}

/** The server's fixed words, in the reader's language. */
function whatOf(t: Words, what: string): string {
  const words: Record<string, string> = {
    type: t('another type'),
    shape: t('another shape'),
    categories: t('other categories'),
    values: t('other values'),
    'values equal': t('equal values')
  };
  return what
    .split('; ')
    .map(
      part => words[part] ?? (part.includes('not compared') ? t('on other cells or genes') : part)
    )
    .join(', ');
}
