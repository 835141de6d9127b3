/** What is judged of the data: what X looks like, and where the raw counts are. */

import type { VersionRecord } from '../../../../api/records';
import { Icon, useWords } from '../../../base';
import { versionName } from '../../reference';
import type { IChanges, IWasNow } from '../changes';

interface IFactsProps {
  from: VersionRecord;
  to: VersionRecord;
  changes: IChanges;
}

export function Facts({ from, to, changes }: IFactsProps) {
  const t = useWords();
  const {
    x_looks_like: looks,
    counts_in: counts,
    data_type: type,
    data_format: format
  } = changes.facts;
  const [a, b] = [versionName(from), versionName(to)];
  const other = (fact: IWasNow | undefined): fact is IWasNow => !!fact && fact.was !== fact.now;
  return (
    <>
      {other(looks) && (
        <Fact icon="info">
          {t('X: {was} in {a}, {now} in {b}; judged from the values', {
            was: said(looks.was, t('unknown')),
            now: said(looks.now, t('unknown')),
            a,
            b
          })}
        </Fact>
      )}
      {other(counts) && counts.now === null && (
        <Fact icon="warning">
          {t('Raw counts: none in {b}; in {a} they are in {where}', {
            a,
            b,
            where: said(counts.was, '')
          })}
        </Fact>
      )}
      {other(counts) && counts.now !== null && (
        <Fact icon="info">
          {t('Raw counts: in {b} they are in {where}', { b, where: said(counts.now, '') })}
        </Fact>
      )}
      {[
        { label: t('Type'), fact: type },
        { label: t('Format'), fact: format }
      ].map(
        ({ label, fact }) =>
          other(fact) && (
            <Fact key={label} icon="info">
              {t('{label}: {was} in {a}, {now} in {b}', {
                label,
                was: said(fact.was, t('none')),
                now: said(fact.now, t('none')),
                a,
                b
              })}
            </Fact>
          )
      )}
    </>
  );
}

function Fact({ icon, children }: { icon: 'info' | 'warning'; children: string }) {
  return (
    <div className="omicshelf-compare-fact">
      <Icon name={icon} tone={icon === 'warning' ? 'warning' : undefined} />
      <span>{children}</span>
    </div>
  );
}

function said(value: unknown, otherwise: string): string {
  return typeof value === 'string' && value ? value : otherwise;
}
