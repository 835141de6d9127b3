/** How many cells, genes, rows and bytes there are on either side. */

import type { VersionRecord } from '../../../../api/records';
import { bytes, count, difference, share, useWords } from '../../../base';
import { dimensionWords } from '../../dimensions';
import { versionName } from '../../reference';
import type { IAxis, IChanges } from '../changes';

interface IShapeTableProps {
  from: VersionRecord;
  to: VersionRecord;
  changes: IChanges;
}

interface ILine {
  what: string;
  was: number | null;
  now: number | null;
  bytes?: boolean;
  /** More about it than the numbers say. */
  hint?: string;
}

export function ShapeTable({ from, to, changes }: IShapeTableProps) {
  const t = useWords();
  const lines = useLines(from, to, changes);
  return (
    <table className="omicshelf-compare-table">
      <thead>
        <tr>
          <th scope="col">{t('Shape')}</th>
          <th scope="col" className="omicshelf-number">
            {versionName(from)}
          </th>
          <th scope="col" className="omicshelf-number">
            {versionName(to)}
          </th>
          <th scope="col" className="omicshelf-number">
            {t('Change')}
          </th>
        </tr>
      </thead>
      <tbody>
        {lines.map(line => (
          <Line key={line.what} line={line} />
        ))}
      </tbody>
    </table>
  );
}

function Line({ line }: { line: ILine }) {
  const t = useWords();
  const { what, was, now, hint } = line;
  const shown = (n: number | null) => (n === null ? '' : line.bytes ? bytes(n) : count(n));
  const change = was === null || now === null ? null : now - was;
  return (
    <tr>
      <th scope="row">{what}</th>
      <td className="omicshelf-number">{shown(was)}</td>
      <td className="omicshelf-number">{shown(now)}</td>
      <td className="omicshelf-number">
        {change === 0 && (hint ?? t('same'))}
        {change !== null && change !== 0 && (
          <>
            <b>{line.bytes ? signedBytes(change) : difference(change)}</b>
            {was !== null &&
              was > 0 &&
              !line.bytes &&
              ` (${sign(change)}${share(Math.abs(change), was)})`}
            {hint && <div className="omicshelf-dim">{hint}</div>}
          </>
        )}
      </td>
    </tr>
  );
}

function sign(change: number): string {
  return change > 0 ? '+' : '\u2212';
}

function signedBytes(change: number): string {
  return change > 0 ? `+${bytes(change)}` : bytes(change);
}

function useLines(from: VersionRecord, to: VersionRecord, changes: IChanges): ILine[] {
  const t = useWords();
  const [cells, genes] = (dimensionWords(t, to) ?? [t('rows'), t('columns')]).map(capital);
  const axis = (what: string, of: IAxis): ILine => ({
    what,
    was: of.was,
    now: of.now,
    hint: moved(of)
  });
  const moved = ({ added, removed, reordered }: IAxis): string | undefined => {
    if (added && removed) {
      return t('{added} added, {removed} removed', {
        added: count(added),
        removed: count(removed)
      });
    }
    return reordered ? t('same, in another order') : undefined;
  };
  const lines = [
    axis(cells, changes.obs),
    axis(genes, changes.var),
    { what: cells, was: changes.rows.was, now: changes.rows.now },
    ...Object.entries(changes.modalities.shared).flatMap(([name, part]) => [
      axis(`${name}: ${cells}`, part.obs),
      axis(`${name}: ${genes}`, part.var)
    ])
  ].filter(({ was, now }) => was !== null || now !== null);
  return [...lines, { what: t('Size'), was: from.size, now: to.size, bytes: true }];
}

function capital(word: string): string {
  return word.charAt(0).toLocaleUpperCase() + word.slice(1);
}
