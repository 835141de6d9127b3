/** The names under which answers are kept, from the atlas down, so that a whole branch can go. */

import type { IDatasetRef, IFindQuery, IPreviewQuery } from '../../api/records';

export const keys = {
  info: ['info'] as const,
  atlases: ['atlases'] as const,
  atlas: (atlas: string) => ['atlas', atlas] as const,
  studies: (atlas: string) => ['atlas', atlas, 'studies'] as const,
  finds: (atlas: string) => ['atlas', atlas, 'find'] as const,
  find: (atlas: string, query: IFindQuery) => ['atlas', atlas, 'find', query] as const,
  /** All that is known of a dataset, whatever its version. */
  dataset: (ref: IDatasetRef) => ['dataset', ref.atlas, ref.id] as const,
  record: (ref: IDatasetRef) => ['dataset', ref.atlas, ref.id, 'record'] as const,
  versions: (ref: IDatasetRef) => ['dataset', ref.atlas, ref.id, 'versions'] as const,
  labels: (ref: IDatasetRef) => ['dataset', ref.atlas, ref.id, 'labels'] as const,
  files: (ref: IDatasetRef) => ['dataset', ref.atlas, ref.id, 'files'] as const,
  fileHistory: (ref: IDatasetRef, name: string) =>
    ['dataset', ref.atlas, ref.id, 'files', name] as const,
  lineage: (ref: IDatasetRef, version: string | undefined, depth: number) =>
    ['dataset', ref.atlas, ref.id, 'lineage', version ?? null, depth] as const,
  // What a version holds never changes: these lie beside the dataset, and outlive its changes.
  summary: (versionId: string) => ['version', versionId, 'summary'] as const,
  preview: (versionId: string, query: IPreviewQuery) =>
    ['version', versionId, 'preview', query] as const,
  diff: (from: string, to: string) => ['version', from, 'diff', to] as const
};
