/** Variants: what the header says, and where the records are. */

import { useState } from 'react';
import { Bar, count, Disclosure, LinkButton, share, Text, useWords } from '../../base';
import { Facts } from './FactList';
import type { ISummaryProps } from './SummaryView';

const AT_FIRST = 12;

export function VariantsView({ summary }: ISummaryProps) {
  const t = useWords();
  const details = summary.details ?? {};
  const contigs = recordsByContig(details.records_by_contig);
  return (
    <>
      <Facts
        facts={[
          { label: t('Records'), value: summary.n_rows },
          { label: t('File format'), value: details.fileformat },
          { label: t('Reference'), value: details.reference },
          { label: t('Samples'), value: sampled(details.n_samples, details.samples) },
          { label: t('Contigs'), value: details.n_contigs },
          { label: t('Annotated by'), value: details.annotations }
        ]}
      />
      {contigs.length > 0 && <Contigs contigs={contigs} />}
    </>
  );
}

function sampled(n: unknown, names: unknown): string | null {
  if (typeof n !== 'number') {
    return null;
  }
  const listed = Array.isArray(names) ? names.slice(0, 4).map(String).join(', ') : '';
  return listed ? `${count(n)}: ${listed}${n > 4 ? ' …' : ''}` : count(n);
}

interface IContig {
  name: string;
  n: number;
}

function recordsByContig(value: unknown): IContig[] {
  if (typeof value !== 'object' || value === null) {
    return [];
  }
  return Object.entries(value).flatMap(([name, n]) => (typeof n === 'number' ? [{ name, n }] : []));
}

function Contigs({ contigs }: { contigs: readonly IContig[] }) {
  const t = useWords();
  const [open, setOpen] = useState(true);
  const [all, setAll] = useState(false);
  const whole = contigs.reduce((sum, { n }) => sum + n, 0);
  const most = Math.max(...contigs.map(({ n }) => n));
  const shown = all ? contigs : contigs.slice(0, AT_FIRST);
  return (
    <Disclosure
      title={t('Records by contig')}
      hint={count(contigs.length)}
      level={2}
      open={open}
      onToggle={setOpen}
    >
      <table className="omicshelf-overview-columns omicshelf-mod-contigs">
        <thead>
          <tr>
            <th scope="col">{t('Contig')}</th>
            <th scope="col" className="omicshelf-number">
              {t('Records')}
            </th>
            <th scope="col">{t('Share')}</th>
          </tr>
        </thead>
        <tbody>
          {shown.map(({ name, n }) => (
            <tr key={name}>
              <th scope="row">
                <Text text={name} />
              </th>
              <td className="omicshelf-number">{count(n)}</td>
              <td>
                <span className="omicshelf-contig-share">
                  <Bar part={n} whole={most} />
                  <span className="omicshelf-number">{share(n, whole)}</span>
                </span>
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {shown.length < contigs.length && (
        <div className="omicshelf-overview-columns-more">
          <LinkButton onClick={() => setAll(true)}>
            {t('Show {n} more', { n: contigs.length - shown.length })}
          </LinkButton>
        </div>
      )}
    </Disclosure>
  );
}
