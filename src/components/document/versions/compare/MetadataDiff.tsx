/** The metadata of two versions, side by side. */

import { useState } from 'react';
import type { VersionRecord } from '../../../../api/records';
import { type ChangeKind, Disclosure, LinkButton, Sign, Text, useWords } from '../../../base';
import { versionName } from '../../reference';
import type { IChanges } from '../changes';

interface IMetadataDiffProps {
  from: VersionRecord;
  to: VersionRecord;
  changes: IChanges;
}

export function MetadataDiff({ from, to, changes }: IMetadataDiffProps) {
  const t = useWords();
  const [open, setOpen] = useState(true);
  const [all, setAll] = useState(false);
  const { added, removed, changed } = changes.metadata;
  const [before, after] = [from.metadata ?? {}, to.metadata ?? {}];
  const kindOf = (key: string): ChangeKind | null =>
    Object.hasOwn(added, key)
      ? 'added'
      : Object.hasOwn(removed, key)
        ? 'removed'
        : Object.hasOwn(changed, key)
          ? 'changed'
          : null;
  const keys = [...new Set([...Object.keys(before), ...Object.keys(after)])];
  const differing = keys.filter(key => kindOf(key) !== null);
  if (!differing.length) {
    return null;
  }
  return (
    <Disclosure
      level={3}
      open={open}
      onToggle={setOpen}
      title={t('Metadata')}
      hint={t('{n} of {all} fields differ', { n: differing.length, all: keys.length })}
      after={
        differing.length < keys.length && (
          <LinkButton onClick={() => setAll(!all)}>
            {all ? t('Show what differs') : t('Show all')}
          </LinkButton>
        )
      }
    >
      <table className="omicshelf-compare-metadata">
        <thead className="omicshelf-unseen">
          <tr>
            <th scope="col">{t('Field')}</th>
            <th scope="col">{versionName(from)}</th>
            <th scope="col">{versionName(to)}</th>
          </tr>
        </thead>
        <tbody>
          {(all ? keys : differing).map(key => {
            const kind = kindOf(key);
            return (
              <tr key={key}>
                <th scope="row">
                  {kind && <Sign kind={kind} />}
                  <Text text={key} code />
                </th>
                <Value values={before} field={key} mark={kind && 'removed'} />
                <Value values={after} field={key} mark={kind && 'added'} />
              </tr>
            );
          })}
        </tbody>
      </table>
    </Disclosure>
  );
}

interface IValueProps {
  values: Record<string, unknown>;
  field: string;
  /** How its side is coloured, where it differs. */
  mark: ChangeKind | null;
}

function Value({ values, field, mark }: IValueProps) {
  const t = useWords();
  if (!Object.hasOwn(values, field)) {
    return <td className="omicshelf-dim">{t('not set')}</td>;
  }
  const value = values[field];
  return (
    <td className={mark ? `omicshelf-mod-${mark}` : undefined}>
      <Text text={typeof value === 'string' ? value : JSON.stringify(value)} wrap />
    </td>
  );
}
