/** Reading the catalog, a hook for each question. What changes is read again by itself. */

import { type UseQueryResult, keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo, useSyncExternalStore } from 'react';

import type { ITagged } from '../../api/client';
import type { Connection } from '../../api/feed';
import type {
  AtlasList,
  DatasetRecord,
  DiffAnswer,
  FileRecord,
  IDatasetRef,
  IPreviewQuery,
  Info,
  LabelRecord,
  LineageAnswer,
  Preview,
  Role,
  Summary,
  VersionRecord
} from '../../api/records';
import { useHost } from '../base';
import { keys } from './keys';

export { type IFound, useFind } from './useFind';

export function useInfo(): UseQueryResult<Info> {
  const { client } = useHost();
  return useQuery({ queryKey: keys.info, queryFn: ({ signal }) => client.info(signal) });
}

export function useAtlases(): UseQueryResult<AtlasList> {
  const { client } = useHost();
  return useQuery({ queryKey: keys.atlases, queryFn: ({ signal }) => client.atlases(signal) });
}

/** What the person may do in an atlas. Until that is known, nothing but reading. */
export interface IRights {
  role: Role | null;
  /** Write versions, attach files, edit metadata. */
  mayWrite: boolean;
  /** Delete datasets. */
  mayAdmin: boolean;
}

export function useRights(atlas: string): IRights {
  const role = useAtlases().data?.roles[atlas] ?? null;
  return useMemo(
    () => ({
      role,
      mayWrite: role === 'contributor' || role === 'admin',
      mayAdmin: role === 'admin'
    }),
    [role]
  );
}

export function useStudies(atlas: string): UseQueryResult<string[]> {
  const { client } = useHost();
  return useQuery({
    queryKey: keys.studies(atlas),
    queryFn: ({ signal }) => client.studies(atlas, signal)
  });
}

export function useDataset(ref: IDatasetRef): UseQueryResult<ITagged<DatasetRecord>> {
  const { client } = useHost();
  return useQuery({
    queryKey: keys.record(ref),
    queryFn: ({ signal }) => client.dataset(ref, signal)
  });
}

/** The versions, newest first. */
export function useVersions(ref: IDatasetRef): UseQueryResult<VersionRecord[]> {
  const { client } = useHost();
  return useQuery({
    queryKey: keys.versions(ref),
    queryFn: ({ signal }) => client.versions(ref, signal)
  });
}

export function useLabels(ref: IDatasetRef): UseQueryResult<LabelRecord[]> {
  const { client } = useHost();
  return useQuery({
    queryKey: keys.labels(ref),
    queryFn: ({ signal }) => client.labels(ref, signal)
  });
}

export function useFiles(ref: IDatasetRef): UseQueryResult<FileRecord[]> {
  const { client } = useHost();
  return useQuery({
    queryKey: keys.files(ref),
    queryFn: ({ signal }) => client.files(ref, signal)
  });
}

export function useFileHistory(
  ref: IDatasetRef,
  name: string,
  enabled = true
): UseQueryResult<FileRecord[]> {
  const { client } = useHost();
  return useQuery({
    queryKey: keys.fileHistory(ref, name),
    queryFn: ({ signal }) => client.fileHistory(ref, name, signal),
    enabled
  });
}

export function useLineage(ref: IDatasetRef, depth: number): UseQueryResult<LineageAnswer> {
  const { client } = useHost();
  return useQuery({
    queryKey: keys.lineage(ref, ref.version, depth),
    queryFn: ({ signal }) => client.lineage(ref, depth, signal)
  });
}

/** What is in the data of a version; undefined asks nothing. */
export function useSummary(version: VersionRecord | undefined): UseQueryResult<Summary> {
  const { client } = useHost();
  return useQuery({
    queryKey: keys.summary(version?.version_id ?? ''),
    queryFn: ({ signal }) => {
      const { atlas, dataset_id: id, version_id } = version!;
      return client.summary({ atlas, id }, version_id, signal);
    },
    enabled: version !== undefined
  });
}

/** A part of the data of a version; the part shown before stays until the new one is there. */
export function usePreview(
  version: VersionRecord | undefined,
  query: IPreviewQuery,
  enabled = true
): UseQueryResult<Preview> {
  const { client } = useHost();
  return useQuery({
    queryKey: keys.preview(version?.version_id ?? '', query),
    queryFn: ({ signal }) => {
      const { atlas, dataset_id: id, version_id } = version!;
      return client.preview({ atlas, id }, version_id, query, signal);
    },
    placeholderData: keepPreviousData,
    enabled: enabled && version !== undefined
  });
}

/** What changed from one version to another, by their ids. */
export function useDiff(
  ref: IDatasetRef,
  from: string | undefined,
  to: string | undefined
): UseQueryResult<DiffAnswer> {
  const { client } = useHost();
  return useQuery({
    queryKey: keys.diff(from ?? '', to ?? ''),
    queryFn: ({ signal }) => client.diff(ref, from!, to!, signal),
    enabled: from !== undefined && to !== undefined
  });
}

/** Whether the catalog answers. */
export function useConnection(): Connection {
  const { feed } = useHost();
  return useSyncExternalStore(
    listener => feed.onConnection(listener),
    () => feed.connection
  );
}
