/** The atlases of a catalog, by name. */

import { useEffect, useState } from 'react';

import type { CatalogClient } from '../api/client';
import { type CatalogError, asCatalogError } from '../api/errors';
import type { AtlasRecord } from '../api/records';
import type { Translate } from './words';

export interface IAtlasListProps {
  client: CatalogClient;
  t: Translate;
}

export function AtlasList({ client, t }: IAtlasListProps) {
  const [atlases, setAtlases] = useState<readonly AtlasRecord[] | null>(null);
  const [error, setError] = useState<CatalogError | null>(null);
  useEffect(() => {
    const asking = new AbortController();
    client.atlases(asking.signal).then(
      found => setAtlases(found.atlases),
      (reason: unknown) => {
        if (!asking.signal.aborted) {
          setError(asCatalogError(reason));
        }
      }
    );
    return () => asking.abort();
  }, [client]);
  if (error) {
    return (
      <p role="alert">
        {error.message} {error.detail}
      </p>
    );
  }
  if (atlases?.length === 0) {
    return <p>{t('There is no atlas in this catalog yet.')}</p>;
  }
  return (
    <ul className="omicshelf-AtlasList" aria-label={t('Atlases')} aria-busy={atlases === null}>
      {atlases?.map(atlas => (
        <li key={atlas.name}>
          <bdi>{atlas.name}</bdi>
        </li>
      ))}
    </ul>
  );
}
