/** What stands in the place of the list, or above it: nothing yet, nothing found, no answer. */

import { useState } from 'react';

import type { CatalogError } from '../../api/errors';
import {
  Button,
  EmptyState,
  Icon,
  LinkButton,
  Problem,
  clockTime,
  useHost,
  useWords
} from '../base';
import { useConnection } from '../data';
import { type ISearch, NO_SEARCH, nFilters } from './query';

const EXAMPLE = 'pbmc68k_reduced, 700 × 765, 4.5 MB. It comes with scanpy; no network is needed.';

// The name that notebooks use where none is given.
const FIRST_ATLAS = 'default';

function TryExample({ busy, run }: ReturnType<typeof useExample>) {
  const t = useWords();
  return (
    <Button look="bordered" icon="cells" busy={busy} onClick={run}>
      {t('Try with a real dataset')}
    </Button>
  );
}

/** The first start: an atlas without a dataset. */
export function EmptyAtlas(props: { atlas: string; mayWrite: boolean; onAdd: () => void }) {
  const { atlas, mayWrite, onAdd } = props;
  const t = useWords();
  const hasExample = useHost().tryExample !== undefined;
  const example = useExample(atlas);
  if (!mayWrite) {
    return (
      <EmptyState picture="shelf" title={t('No datasets yet')}>
        {t('To add some, ask an admin of {atlas} for the role contributor.', { atlas })}
      </EmptyState>
    );
  }
  return (
    <>
      <EmptyState
        picture="shelf"
        title={t('No datasets yet')}
        actions={
          <>
            <Button look="primary" icon="plus" onClick={onAdd}>
              {t('Add a dataset')}
            </Button>
            {hasExample && <TryExample {...example} />}
          </>
        }
        footnote={hasExample && t(EXAMPLE)}
      >
        {t(
          'Add a file you already have, or drop it here: h5ad, h5mu, loom, zarr, 10x, gct, vcf, csv, parquet and more.'
        )}
      </EmptyState>
      <button type="button" className="omicshelf-drophere" onClick={onAdd}>
        <Icon name="upload" />
        <span>{t('Drop a file or folder to add it')}</span>
      </button>
    </>
  );
}

function useExample(atlas: string) {
  const host = useHost();
  const [busy, setBusy] = useState(false);
  const run = async () => {
    setBusy(true);
    try {
      await host.tryExample?.(atlas);
    } catch (reason) {
      const text = reason instanceof Error ? reason.message : String(reason);
      host.notify({ kind: 'error', text: host.t('The example was not added'), detail: text });
    } finally {
      setBusy(false);
    }
  };
  return { busy, run: () => void run() };
}

/** The very first start: a catalog without an atlas that the person may read. */
export function NoAtlas({ mayCreate, onCreate }: { mayCreate: boolean; onCreate: () => void }) {
  const t = useWords();
  const host = useHost();
  const example = useExample(host.settings.defaultAtlas || FIRST_ATLAS);
  const hasExample = mayCreate && host.tryExample !== undefined;
  return (
    <EmptyState
      picture="shelf"
      title={t('No atlas yet')}
      actions={
        mayCreate && (
          <>
            <Button look="primary" icon="plus" onClick={onCreate}>
              {t('Create an atlas')}
            </Button>
            {hasExample && <TryExample {...example} />}
          </>
        )
      }
      footnote={hasExample && t(EXAMPLE)}
    >
      {mayCreate
        ? t('An atlas is a shelf for datasets that belong together: a project, a disease, a team.')
        : t('There is none that you may read. Ask who runs this catalog for the role viewer.')}
    </EmptyState>
  );
}

/** A search without a result, and what can be taken out of it. */
export function NothingFound(props: { search: ISearch; onChange: (search: ISearch) => void }) {
  const { search, onChange } = props;
  const t = useWords();
  const both = nFilters(search) > 0 && search.words.trim() !== '';
  return (
    <EmptyState
      title={t('Nothing found')}
      actions={
        <>
          {both && (
            <Button look="bordered" onClick={() => onChange({ ...NO_SEARCH, words: search.words })}>
              {t('Search without filters')}
            </Button>
          )}
          <Button look="bordered" onClick={() => onChange(NO_SEARCH)}>
            {t('Clear search')}
          </Button>
        </>
      }
    >
      {t('The beginning of a word is enough. A filter is key:value, as in tissue:lung.')}
    </EmptyState>
  );
}

/** The catalog does not answer; the list stays as it was read last. */
export function Unanswered(props: { error: CatalogError; readAt: number; onRetry: () => void }) {
  const { error, readAt, onRetry } = props;
  const t = useWords();
  const { kernels } = useHost();
  const connection = useConnection();
  return (
    <div className="omicshelf-unanswered">
      <Problem
        title={t('The catalog does not answer')}
        error={error}
        onRetry={onRetry}
        nextTry={connection.state === 'unreachable' ? connection.nextTry : null}
      >
        {kernels && t('Datasets already loaded in a kernel keep working.')}
      </Problem>
      {readAt > 0 && (
        <div className="omicshelf-asof">
          <Icon name="clock" size="small" />
          {t('The list as of {time}, read only', { time: clockTime(readAt) })}
        </div>
      )}
    </div>
  );
}

/** The search was stopped by its Cancel. */
export function Stopped({ onAgain }: { onAgain: () => void }) {
  const t = useWords();
  return (
    <div className="omicshelf-stopped omicshelf-dim">
      {t('Stopped.')} <LinkButton onClick={onAgain}>{t('Search again')}</LinkButton>
    </div>
  );
}
