/** A dataset that is not there: deleted, or never was. */

import { useQuery } from '@tanstack/react-query';
import { useState } from 'react';
import { type CatalogError, asCatalogError } from '../../api/errors';
import type { IDatasetRef } from '../../api/records';
import { Ago, Bidi, Button, EmptyState, Note, useHost, useWords, Waiting } from '../base';
import { keys, useRights } from '../data';
import { isolated } from './isolated';

export function Gone({ dataset }: { dataset: IDatasetRef }) {
  const t = useWords();
  const { client } = useHost();
  const { atlas, id } = dataset;
  const { data, isPending } = useQuery({
    queryKey: [...keys.dataset(dataset), 'deleted'],
    queryFn: async ({ signal }) => {
      const where = [['dataset_id', '=', id]] as const;
      const page = await client.find(atlas, { deleted: true, where, limit: 1 }, signal);
      return page.datasets[0] ?? null;
    },
    retry: false
  });
  if (isPending) {
    return <Waiting className="omicshelf-document" label={t('Looking in the trash')} />;
  }
  return (
    <div className="omicshelf-document omicshelf-mod-centred">
      {data ? (
        <Deleted dataset={dataset} at={data.last_modified_at} />
      ) : (
        <EmptyState title={t('There is no dataset {id}', { id: isolated(id) })}>
          {t(
            'Nothing of that id is in {atlas}. It may be in another atlas, or written in other letters.',
            {
              atlas: isolated(atlas)
            }
          )}
        </EmptyState>
      )}
    </div>
  );
}

function Deleted({ dataset, at }: { dataset: IDatasetRef; at: number }) {
  const t = useWords();
  const { client } = useHost();
  const { mayAdmin } = useRights(dataset.atlas);
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CatalogError | null>(null);
  const restore = async () => {
    setBusy(true);
    setError(null);
    try {
      // The change feed tells that it is back, and the document opens.
      await client.undelete(dataset);
    } catch (reason) {
      setError(asCatalogError(reason));
      setBusy(false);
    }
  };
  return (
    <EmptyState
      title={t('{id} was deleted', { id: isolated(dataset.id) })}
      actions={
        mayAdmin && (
          <Button look="primary" icon="refresh" busy={busy} onClick={() => void restore()}>
            {t('Restore {id}', { id: isolated(dataset.id) })}
          </Button>
        )
      }
    >
      <p>
        {t('Last changed')} <Ago time={at} />.{' '}
        {mayAdmin
          ? t('It is in the trash, with all its versions and files.')
          : t('It is in the trash of {atlas}. An admin can restore it.', {
              atlas: isolated(dataset.atlas)
            })}
      </p>
      {error && (
        <Note kind="error" title={<Bidi text={error.title} />}>
          {error.detail}
        </Note>
      )}
    </EmptyState>
  );
}
