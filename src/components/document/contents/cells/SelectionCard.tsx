/** How many cells were chosen, of what, and what can be done with them. */

import { useState } from 'react';

import { asCatalogError } from '../../../../api/errors';
import { Button, Text, count, useHost } from '../../../base';

export interface ISelectionCardProps {
  n: number;
  /** How many of them are of each category, the most first. */
  parts: readonly { name: string; n: number }[];
  /** Not all cells are drawn: the number is of those that are. */
  sampled: boolean;
  /** The code of the filter cell. */
  code: () => Promise<string>;
  /** The names of the cells; absent where they are too many to copy. */
  names?: () => Promise<readonly string[]>;
  onClose: () => void;
}

const PARTS = 2;

export function SelectionCard(props: ISelectionCardProps) {
  const { t } = useHost();
  const [busy, run] = useActions();
  const host = useHost();
  const canInsert = host.kernels?.insert !== undefined && host.kernels.current !== null;
  const others = props.parts.slice(PARTS).reduce((sum, { n }) => sum + n, 0);
  const insert = async () => {
    const code = await props.code();
    if (canInsert) {
      await host.kernels?.insert?.(code);
    } else {
      await host.copy(code);
      host.notify({ kind: 'done', text: t('Copied the code that keeps these cells') });
    }
  };
  const copy = async () => {
    const names = (await props.names?.()) ?? [];
    await host.copy(names.join('\n'));
    host.notify({
      kind: 'done',
      text: t.plural('Copied {n} name', 'Copied {n} names', names.length, {
        n: count(names.length)
      })
    });
  };
  return (
    <div className="omicshelf-selection" role="region" aria-label={t('Chosen cells')}>
      <div className="omicshelf-selection-head">
        <strong role="status">
          {t.plural('{n} cell selected', '{n} cells selected', props.n, { n: count(props.n) })}
        </strong>
        <Button icon="close" size="small" label={t('Choose none')} onClick={props.onClose} />
      </div>
      {props.parts.length > 0 && (
        <p className="omicshelf-selection-parts">
          {props.parts.slice(0, PARTS).map(({ name, n }) => (
            <span key={name}>
              <Text text={name} /> {count(n)}
            </span>
          ))}
          {others > 0 && <span>{t('others {n}', { n: count(others) })}</span>}
        </p>
      )}
      {props.sampled && (
        <p className="omicshelf-selection-parts">
          {t('Of the cells that are drawn; the filter cell takes all of them.')}
        </p>
      )}
      <div className="omicshelf-selection-acts">
        <Button
          look="primary"
          icon="code"
          busy={busy === 'code'}
          disabled={props.n === 0}
          onClick={() => void run('code', insert)}
        >
          {canInsert ? t('Insert a filter cell') : t('Copy filter code')}
        </Button>
        {props.names && (
          <Button
            busy={busy === 'names'}
            disabled={props.n === 0}
            onClick={() => void run('names', copy)}
          >
            {t('Copy names')}
          </Button>
        )}
      </div>
    </div>
  );
}

/** Run what may take a moment, one at a time, and say what went wrong. */
function useActions() {
  const host = useHost();
  const [busy, setBusy] = useState<string | null>(null);
  const run = async (name: string, act: () => Promise<void>) => {
    setBusy(name);
    try {
      await act();
    } catch (reason) {
      const error = asCatalogError(reason);
      host.notify({ kind: 'error', text: error.title, detail: error.detail });
    } finally {
      setBusy(null);
    }
  };
  return [busy, run] as const;
}
