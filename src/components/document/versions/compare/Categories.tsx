/** Of which categories cells came or went: a bar of those that stayed and those that did not. */

import { useState } from 'react';
import type { VersionRecord } from '../../../../api/records';
import { count, difference, Disclosure, Select, Text, useWords } from '../../../base';
import { versionName } from '../../reference';
import { categoryChanges, type IChanges, type IElementChange } from '../changes';

interface ICategoriesProps {
  from: VersionRecord;
  to: VersionRecord;
  changes: IChanges;
}

const SHOWN = 8;

export function Categories({ from, to, changes }: ICategoriesProps) {
  const t = useWords();
  const [open, setOpen] = useState(true);
  const columns = categoryChanges(changes);
  const [chosen, setChosen] = useState<string | null>(null);
  const { added, removed } = changes.obs;
  const column = columns.find(one => one.name === chosen) ?? columns[0];
  if (!column || (!added && !removed)) {
    return null;
  }
  return (
    <Disclosure
      level={3}
      open={open}
      onToggle={setOpen}
      title={
        removed && !added ? t('Cells removed') : added && !removed ? t('Cells added') : t('Cells')
      }
      hint={
        added && removed
          ? `${difference(added)} ${difference(-removed)}`
          : count(added || removed || 0)
      }
      after={
        columns.length > 1 && (
          <Select
            size="small"
            label={t('By column')}
            value={column.name}
            options={columns.map(({ name }) => ({ value: name, label: name }))}
            onChange={setChosen}
          />
        )
      }
    >
      <CategoryTable name={column.name} change={column.change} from={from} to={to} />
    </Disclosure>
  );
}

interface ITableProps {
  name: string;
  change: IElementChange;
  from: VersionRecord;
  to: VersionRecord;
}

function CategoryTable({ name, change, from, to }: ITableProps) {
  const t = useWords();
  const rows = rowsOf(change);
  const most = Math.max(1, ...rows.map(({ was, now }) => Math.max(was, now)));
  return (
    <table className="omicshelf-compare-table omicshelf-compare-categories">
      <thead>
        <tr>
          <th scope="col">
            <Text text={name} code />
          </th>
          <th scope="col" className="omicshelf-number">
            {versionName(from)}
          </th>
          <th scope="col" className="omicshelf-number">
            {versionName(to)}
          </th>
          <th scope="col" className="omicshelf-number">
            {t('Change')}
          </th>
          <th scope="col" className="omicshelf-compare-key">
            <Key kind="kept" words={t('kept')} />
            {rows.some(({ was, now }) => now < was) && <Key kind="removed" words={t('removed')} />}
            {rows.some(({ was, now }) => now > was) && <Key kind="added" words={t('added')} />}
          </th>
        </tr>
      </thead>
      <tbody>
        {rows.slice(0, SHOWN).map(row => (
          <tr key={row.name}>
            <th scope="row">
              <Text text={row.name} />
            </th>
            <td className="omicshelf-number">{count(row.was)}</td>
            <td className="omicshelf-number">{count(row.now)}</td>
            <td className="omicshelf-number">
              {row.now === row.was ? t('same') : difference(row.now - row.was)}
            </td>
            <td>
              <KeptBar was={row.was} now={row.now} most={most} />
            </td>
          </tr>
        ))}
      </tbody>
      {rows.length > SHOWN && (
        <tfoot>
          <tr>
            <td colSpan={5} className="omicshelf-dim">
              {t.plural('{n} other category', '{n} other categories', rows.length - SHOWN)}
            </td>
          </tr>
        </tfoot>
      )}
    </table>
  );
}

function Key({ kind, words }: { kind: 'kept' | 'removed' | 'added'; words: string }) {
  return (
    <span>
      <i className={`omicshelf-mod-${kind}`} /> {words}
    </span>
  );
}

/** The largest change first. */
function rowsOf({ was, now }: IElementChange): { name: string; was: number; now: number }[] {
  const names = new Set([
    ...Object.keys(was.categories ?? {}),
    ...Object.keys(now.categories ?? {})
  ]);
  return [...names]
    .map(name => ({ name, was: was.categories?.[name] ?? 0, now: now.categories?.[name] ?? 0 }))
    .sort((a, b) => Math.abs(b.now - b.was) - Math.abs(a.now - a.was) || b.now - a.now);
}

function KeptBar({ was, now, most }: { was: number; now: number; most: number }) {
  const part = (n: number) => `${(n / most) * 100}%`;
  return (
    <span className="omicshelf-bar omicshelf-compare-kept" aria-hidden="true">
      <i style={{ width: part(Math.min(was, now)) }} />
      <i
        className={now < was ? 'omicshelf-mod-removed' : 'omicshelf-mod-added'}
        style={{ width: part(Math.abs(was - now)) }}
      />
    </span>
  );
}
