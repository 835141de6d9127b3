/** What the header of a VCF says. */

import { type ReactNode, useState } from 'react';

import { Bar, Disclosure, LinkButton, Text, count, exactly, useWords } from '../../../base';
import { counted, kindOf, textOf, valuesOf } from './calls';
import type { VariantHead } from './Variants';

const KINDS = ['INFO', 'FORMAT', 'ALT'] as const;
const SHOWN_FIRST = 6;

export function HeaderFacts({ header }: { header: VariantHead }) {
  const t = useWords();
  return (
    <section className="omicshelf-variants-header" aria-label={t('Header')}>
      <h3>{t('Header')}</h3>
      <dl className="omicshelf-facts">
        <Fact what={t('Format')}>{header.fileformat ?? t('not said')}</Fact>
        <Fact what={t('Contigs')}>{contigsOf(t, header)}</Fact>
        {header.records && <Fact what={t('Shown')}>{spanOf(header)}</Fact>}
        <Fact what={t('Samples')}>{samplesOf(t, header)}</Fact>
      </dl>
      {header.records && <Shares header={header} />}
      {KINDS.map(kind => (
        <Fields key={kind} header={header} kind={kind} />
      ))}
    </section>
  );
}

function Fact({ what, children }: { what: string; children: ReactNode }) {
  return (
    <div>
      <dt>{what}</dt>
      <dd>{typeof children === 'string' ? <Text text={children} wrap /> : children}</dd>
    </div>
  );
}

type Words = ReturnType<typeof useWords>;

function contigsOf(t: Words, { n_contigs: n, contigs = [] }: VariantHead): string {
  const names = contigs[0]?.values ?? [];
  return n === 0
    ? t('none declared')
    : t('{n} declared, {first}', {
        n: count(n),
        first: `${textOf(names[0])}${names.length > 1 ? ' …' : ''}`
      });
}

function samplesOf(t: Words, { n_samples: n, samples = [] }: VariantHead): string {
  if (n === 0) {
    return t('none');
  }
  return n === 1 ? samples[0] : `${count(n)}: ${samples[0]} … ${samples[samples.length - 1]}`;
}

/** The region that the records on the page span. */
function spanOf({ records }: VariantHead): string {
  const names = [...new Set(records ? valuesOf(records, 'CHROM').map(textOf) : [])];
  const positions = (records ? valuesOf(records, 'POS') : []).filter(p => typeof p === 'number');
  return names.length === 1 && positions.length
    ? `${names[0]}:${exactly(Math.min(...positions))}-${exactly(Math.max(...positions))}`
    : names.filter(Boolean).join(', ');
}

/** How many of the records on the page have which filter, and are of which kind. */
function Shares({ header }: { header: VariantHead }) {
  const t = useWords();
  const { records } = header;
  if (!records) {
    return null;
  }
  const refs = valuesOf(records, 'REF').map(textOf);
  const alts = valuesOf(records, 'ALT').map(textOf);
  const words = { base: t('single base'), indel: t('insertion or deletion'), other: t('other') };
  const filters = valuesOf(records, 'FILTER').map(value => textOf(value) ?? t('none'));
  return (
    <>
      <Counts title={t('FILTER')} counts={counted(filters)} whole={filters.length} />
      <Counts
        title={t('Kinds')}
        counts={counted(refs.map((ref, i) => words[kindOf(ref, alts[i])]))}
        whole={refs.length}
      />
    </>
  );
}

interface ICountsProps {
  title: string;
  counts: readonly [string, number][];
  whole: number;
}

function Counts({ title, counts, whole }: ICountsProps) {
  const t = useWords();
  const [open, setOpen] = useState(true);
  return (
    <Disclosure
      title={title}
      hint={t('of the {n} shown', { n: count(whole) })}
      open={open}
      onToggle={setOpen}
    >
      <ul className="omicshelf-variants-counts">
        {counts.slice(0, SHOWN_FIRST).map(([name, n]) => (
          <li key={name}>
            <Text text={name} />
            <Bar part={n} whole={whole} />
            <span className="omicshelf-number">{count(n)}</span>
          </li>
        ))}
      </ul>
    </Disclosure>
  );
}

/** What a field holds, in words: `A Float` is a float for each alternative allele. */
function typeOf(t: Words, type: string | null): string {
  const [number = '', name = ''] = (type ?? '').toLowerCase().split(' ');
  const each: Record<string, string> = {
    a: t('{type}, per ALT', { type: name }),
    r: t('{type}, per allele', { type: name }),
    g: t('{type}, per genotype', { type: name }),
    '.': t('{type}, any number', { type: name }),
    '0': name,
    '1': name
  };
  return each[number] ?? t('{n} × {type}', { n: number, type: name });
}

interface IFieldsProps {
  header: VariantHead;
  kind: (typeof KINDS)[number];
}

function Fields({ header, kind }: IFieldsProps) {
  const t = useWords();
  const [open, setOpen] = useState(kind === 'INFO');
  const [all, setAll] = useState(false);
  const fields = (header.fields ?? []).filter(field => field.kind === kind);
  if (!fields.length) {
    return null;
  }
  const hidden = fields.length - SHOWN_FIRST;
  return (
    <Disclosure
      title={kind}
      hint={
        open
          ? count(fields.length)
          : `${count(fields.length)}  ${fields
              .map(({ id }) => id)
              .join(', ')
              .slice(0, 60)}`
      }
      open={open}
      onToggle={setOpen}
    >
      <ul className="omicshelf-variants-fields">
        {(all ? fields : fields.slice(0, SHOWN_FIRST)).map(({ id, type, description }) => (
          <li key={id} title={description ?? undefined}>
            <Text text={id} code title={false} />
            <Text text={typeOf(t, type)} />
            <Text text={description ?? ''} className="omicshelf-dim" />
          </li>
        ))}
      </ul>
      {hidden > 0 && (
        <LinkButton onClick={() => setAll(!all)}>
          {all ? t('Show fewer') : t('Show {n} more', { n: count(hidden) })}
        </LinkButton>
      )}
    </Disclosure>
  );
}
