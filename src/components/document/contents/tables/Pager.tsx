/** Which rows of a table are shown, and the buttons to the others. */

import { Button, count, useWords } from '../../../base';

export interface IPagerProps {
  offset: number;
  /** How many are shown. */
  shown: number;
  /** Of how many; null where only reading all could tell. */
  total: number | null;
  /** Whether more rows follow. */
  more: boolean;
  size: number;
  onOffset: (offset: number) => void;
}

export function Pager({ offset, shown, total, more, size, onOffset }: IPagerProps) {
  const t = useWords();
  const values = { from: count(offset + 1), to: count(offset + shown), of: count(total ?? 0) };
  const words =
    shown === 0
      ? t('no rows')
      : total === null
        ? t('{from} to {to}', values)
        : t('{from} to {to} of {of}', values);
  return (
    <span className="omicshelf-pager" role="group" aria-label={t('Pages')}>
      <span className="omicshelf-dim omicshelf-number" role="status">
        {words}
      </span>
      <Button
        icon="left"
        label={t('Rows before')}
        disabled={offset === 0}
        onClick={() => onOffset(Math.max(0, offset - size))}
      />
      <Button
        icon="right"
        label={t('Rows after')}
        disabled={!more}
        onClick={() => onOffset(offset + size)}
      />
    </span>
  );
}
