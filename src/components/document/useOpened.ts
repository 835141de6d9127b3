/** A dataset that is open: its record, its versions, and which of them is shown. */

import { useQueryClient } from '@tanstack/react-query';
import { useCallback, useState } from 'react';
import type { DatasetRecord, IDatasetRef, VersionRecord } from '../../api/records';
import { keys, useDataset, useVersions } from '../data';
import { findVersion, versionName } from './reference';

export interface IOpened {
  record: DatasetRecord | undefined;
  /** The entity tag that a change of the dataset is based on. */
  etag: string | null;
  versions: readonly VersionRecord[] | undefined;
  /** The version that is shown. */
  version: VersionRecord | undefined;
  /** It stays the newest, whatever comes. */
  followsNewest: boolean;
  /** The name of the version that was asked for, where there is none of that name. */
  missing: string | null;
  choose: (version: string | undefined) => void;
  error: Error | null;
  reading: boolean;
  /** Reading it was cancelled. */
  stopped: boolean;
  stop: () => void;
  again: () => void;
}

export function useOpened(
  dataset: IDatasetRef,
  onVersion?: (version: string | undefined) => void
): IOpened {
  const queries = useQueryClient();
  const found = useDataset(dataset);
  const { data: versions } = useVersions(dataset);
  const record = found.data?.record;
  const [own, setOwn] = useState(dataset.version);
  // A host that is told of each choice gives it back; else the document keeps it.
  const name = onVersion ? dataset.version : own;
  const shown = name === undefined ? record?.version : findIn(record, versions, name);
  const known = versions !== undefined;
  const choose = useCallback(
    (version: string | undefined) => {
      setOwn(version);
      onVersion?.(version);
    },
    [onVersion]
  );
  return {
    record,
    etag: found.data?.etag ?? null,
    versions,
    version: shown ?? (known ? record?.version : undefined),
    followsNewest: name === undefined || shown === undefined,
    missing: name !== undefined && known && !shown ? name : null,
    choose,
    error: found.error,
    reading: found.isFetching && found.isFetched,
    stopped: found.isPending && found.fetchStatus === 'idle',
    stop: () => void queries.cancelQueries({ queryKey: keys.dataset(dataset) }),
    again: () => void queries.refetchQueries({ queryKey: keys.dataset(dataset) })
  };
}

/** The newest needs no list of versions to be found. */
function findIn(
  record: DatasetRecord | undefined,
  versions: readonly VersionRecord[] | undefined,
  name: string
): VersionRecord | undefined {
  if (record && (name === versionName(record.version) || name === record.version.version_id)) {
    return record.version;
  }
  return versions && findVersion(versions, name);
}
