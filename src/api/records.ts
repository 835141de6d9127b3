/** The records of the catalog, by the names that they have everywhere. */

import type { components } from './schema';

type Schemas = components['schemas'];

/** A body of a request: what has a default there may be left out, other than in an answer. */
type Sent<Body, Needed extends keyof Body> = Pick<Body, Needed> & Partial<Body>;

export type AtlasList = Schemas['AtlasList'];
export type AtlasRecord = Schemas['AtlasRecord'];
export type Change = Schemas['Change'];
export type ChangeList = Schemas['ChangeList'];
export type DatasetRecord = Schemas['DatasetRecord'];
export type DiffAnswer = Schemas['DiffAnswer'];
export type EditReport = Schemas['EditReport'];
export type Element = Schemas['Element'];
export type FormatInfo = Schemas['FormatAnswer'];
export type FileRecord = Schemas['FileRecord'];
export type Info = Schemas['Info'];
export type LabelRecord = Schemas['LabelRecord'];
export type LineageAnswer = Schemas['LineageAnswer'];
export type MetadataKeys = Schemas['MetadataKeys'];
export type Origin = Schemas['Origin'];
export type Page = Schemas['Page'];
export type Preview = Schemas['Preview'];
export type Role = RoleRecord['role'];
export type RoleRecord = Schemas['RoleRecord'];
export type Summary = Schemas['Summary'];
export type UploadRequest = Sent<
  Omit<Schemas['UploadRequest'], 'version'>,
  'atlas' | 'dataset_id' | 'size' | 'data_format'
> & { version?: VersionBody | null };
export type UploadState = Schemas['UploadState'];
export type VerifyReport = Schemas['VerifyReport'];
export type VersionBody = Sent<Schemas['VersionBody'], 'dataset_id'>;
export type VersionRecord = Schemas['VersionRecord'];

export type Metadata = Record<string, unknown>;

/** A condition of a search: a key or field, an operator, and a value. */
export type Filter = readonly [field: string, op: string, value: unknown];

/** What to look for in an atlas; what is not given is the server's default. */
export interface IFindQuery {
  /** What a person types: words, and filters such as `tissue:lung`. */
  search?: string;
  /** Words only. */
  text?: string;
  where?: readonly Filter[];
  orderBy?: string;
  limit?: number;
  /** The `next` of the page before. */
  after?: string | null;
  deleted?: boolean;
  /** Keys and fields whose values are counted. */
  facets?: readonly string[];
  facetLimit?: number;
  count?: boolean;
}

/** Which part of the data a preview shows; see the REST reference. */
export interface IPreviewQuery {
  kind?: 'list' | 'embedding' | 'table' | 'matrix' | 'head' | 'names';
  modality?: string;
  embedding?: string;
  dimensions?: readonly number[];
  points?: number;
  color?: string;
  gene?: string;
  matrix?: string;
  table?: string;
  columns?: readonly string[];
  offset?: number;
  limit?: number;
  row_offset?: number;
  column_offset?: number;
  n_rows?: number;
  n_columns?: number;
  sample?: boolean;
  row_fields?: readonly string[];
  column_fields?: readonly string[];
  rows?: readonly number[];
  search?: string;
  sheet?: string;
}

/** A dataset, or one version of it by its number (`v3`), id or label. */
export interface IDatasetRef {
  atlas: string;
  id: string;
  version?: string;
}
