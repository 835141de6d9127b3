/** What is below the tabs: each room is fetched when it is first wanted. */

import { type ComponentType, Suspense } from 'react';
import type { DatasetRecord, IDatasetRef, VersionRecord } from '../../api/records';
import { ErrorBoundary, lazily, Skeleton, useWords, Waiting } from '../base';
import type { DocumentTab } from '../host';
import { Overview } from './overview';

/** What every room is given. */
export interface IRoomProps {
  dataset: IDatasetRef;
  record: DatasetRecord;
  /** The version that is chosen in the header. */
  version: VersionRecord;
}

interface IProps extends IRoomProps {
  tab: DocumentTab;
  etag: string | null;
  onTab: (tab: DocumentTab) => void;
  onVersion: (version: string | undefined) => void;
}

/** The rooms that there are; one that is not there has no tab. */
const ROOMS: Partial<Record<DocumentTab, ComponentType<IRoomProps>>> = {
  contents: lazily(async () => (await import('./contents')).Contents),
  versions: lazily(async () => (await import('./versions')).Versions),
  files: lazily(async () => (await import('./files')).Files),
  lineage: lazily(async () => (await import('./lineage')).Lineage)
};

export function hasRoom(tab: DocumentTab): boolean {
  return tab === 'overview' || tab in ROOMS;
}

export function Room({ tab, dataset, record, version, ...rest }: IProps) {
  const t = useWords();
  const names: Record<DocumentTab, string> = {
    overview: t('The overview'),
    contents: t('The contents'),
    versions: t('The versions'),
    files: t('The files'),
    lineage: t('The lineage')
  };
  const LazyRoom = ROOMS[tab];
  const shown = { dataset, record, version };
  return (
    <ErrorBoundary key={tab} part={names[tab]} resetKey={version.version_id}>
      {LazyRoom ? (
        <Suspense
          fallback={
            <Waiting label={t('Loading')}>
              <Skeleton />
            </Waiting>
          }
        >
          <LazyRoom {...shown} />
        </Suspense>
      ) : (
        <Overview {...shown} {...rest} />
      )}
    </ErrorBoundary>
  );
}
