/** The REST interface as methods, the same over every transport. */

import { errorOf } from './errors';
import type {
  AtlasList,
  AtlasRecord,
  ChangeList,
  DatasetRecord,
  DiffAnswer,
  EditReport,
  FileRecord,
  FormatInfo,
  IDatasetRef,
  IFindQuery,
  IPreviewQuery,
  Info,
  LabelRecord,
  LineageAnswer,
  Metadata,
  MetadataKeys,
  Page,
  Preview,
  RoleRecord,
  Summary,
  VerifyReport,
  VersionBody,
  VersionRecord
} from './records';
import { type IAnswer, type IRequest, type ITransport, type Method, pathOf } from './transport';

/** A record with the entity tag that a change of it is based on. */
export interface ITagged<T> {
  record: T;
  etag: string | null;
}

type Options = Partial<Pick<IRequest, 'query' | 'body' | 'headers' | 'signal'>>;

/** Where a change was made, as the change log tells it. */
const ORIGIN = 'X-Omicshelf-Origin';

export class CatalogClient {
  /**
   * @param transport What carries the requests.
   * @param origin Where changes are made: `jupyterlab`, `widget`, `page`.
   */
  constructor(
    readonly transport: ITransport,
    private readonly _origin: string
  ) {}

  // -- the server

  info(signal?: AbortSignal): Promise<Info> {
    return this._get('/info', { signal });
  }

  /** Give the formats of data that are known; of two with one ending the later one is meant. */
  async formats(signal?: AbortSignal): Promise<FormatInfo[]> {
    return (await this._get<{ formats: FormatInfo[] }>('/formats', { signal })).formats;
  }

  /** Give the lines of the change log behind `after`; wait up to `wait` seconds for the first. */
  changes(after: number, wait: number, limit: number, signal?: AbortSignal): Promise<ChangeList> {
    // A page that asks by itself is nobody who works.
    const query = { after, wait, limit, no_track_activity: 1 };
    return this._get('/changes', { query, signal });
  }

  verify(atlas: string, id: string, signal?: AbortSignal): Promise<VerifyReport> {
    return this._ask('POST', '/admin/verify', { body: { atlas, dataset_id: id }, signal });
  }

  // -- atlases

  /** Give the atlases that one may read, and one's role in each. */
  atlases(signal?: AbortSignal): Promise<AtlasList> {
    return this._get('/atlases', { signal });
  }

  createAtlas(name: string, description: string | null = null): Promise<AtlasRecord> {
    return this._ask('POST', '/atlases', { body: { name, description } });
  }

  async studies(atlas: string, signal?: AbortSignal): Promise<string[]> {
    const path = pathOf('atlases', atlas, 'studies');
    return (await this._get<{ studies: string[] }>(path, { signal })).studies;
  }

  /** Give the metadata keys that are in use, those that most datasets have first. */
  keys(atlas: string, signal?: AbortSignal): Promise<MetadataKeys> {
    return this._get(pathOf('atlases', atlas, 'keys'), { signal });
  }

  async roles(atlas: string, signal?: AbortSignal): Promise<RoleRecord[]> {
    const path = pathOf('atlases', atlas, 'roles');
    return (await this._get<{ roles: RoleRecord[] }>(path, { signal })).roles;
  }

  find(atlas: string, wanted: IFindQuery, signal?: AbortSignal): Promise<Page> {
    return this._get(`${pathOf('atlases', atlas)}/datasets`, {
      signal,
      query: {
        search: wanted.search || undefined,
        text: wanted.text || undefined,
        where: wanted.where?.length ? JSON.stringify(wanted.where) : undefined,
        order_by: wanted.orderBy,
        limit: wanted.limit,
        after: wanted.after,
        deleted: wanted.deleted,
        facets: wanted.facets,
        facet_limit: wanted.facetLimit,
        count: wanted.count
      }
    });
  }

  editMetadata(
    atlas: string,
    datasets: readonly string[],
    edit: { set?: Metadata; remove?: string[]; message?: string; dryRun?: boolean }
  ): Promise<EditReport> {
    const { dryRun, ...rest } = edit;
    return this._ask('POST', `${pathOf('atlases', atlas)}/metadata`, {
      body: { datasets, ...rest, dry_run: dryRun ?? false }
    });
  }

  // -- datasets

  async dataset(ref: IDatasetRef, signal?: AbortSignal): Promise<ITagged<DatasetRecord>> {
    return this._tagged('GET', at(ref), { signal });
  }

  /** Create a dataset, or save a version of it (`mode: 'save'`). */
  create(atlas: string, body: VersionBody): Promise<ITagged<DatasetRecord>> {
    return this._tagged('POST', `${pathOf('atlases', atlas)}/datasets`, { body });
  }

  /** Write a new version; with a tag only if the dataset is still what the tag says. */
  update(
    ref: IDatasetRef,
    body: Omit<VersionBody, 'dataset_id'>,
    etag: string | null
  ): Promise<ITagged<DatasetRecord>> {
    return this._tagged('PATCH', at(ref), {
      body: { ...body, dataset_id: ref.id },
      headers: etag ? { 'If-Match': etag } : {}
    });
  }

  async remove(ref: IDatasetRef, message?: string): Promise<void> {
    await this._ask('DELETE', at(ref), { body: { message: message ?? null } });
  }

  undelete(ref: IDatasetRef): Promise<DatasetRecord> {
    return this._ask('POST', `${at(ref)}/undelete`, { body: {} });
  }

  copy(
    ref: IDatasetRef,
    to: { atlas: string; dataset_id: string; with_history?: boolean; message?: string }
  ): Promise<DatasetRecord> {
    return this._ask('POST', `${at(ref)}/copy`, { body: to });
  }

  setStudy(ref: IDatasetRef, study: string | null): Promise<DatasetRecord> {
    return this._ask('POST', `${at(ref)}/study`, { body: { study_id: study } });
  }

  async labels(ref: IDatasetRef, signal?: AbortSignal): Promise<LabelRecord[]> {
    return (await this._get<{ labels: LabelRecord[] }>(`${at(ref)}/labels`, { signal })).labels;
  }

  setLabel(ref: IDatasetRef, name: string, version: string): Promise<LabelRecord> {
    return this._ask('PUT', `${at(ref)}${pathOf('labels', name)}`, { body: { version } });
  }

  async removeLabel(ref: IDatasetRef, name: string): Promise<void> {
    await this._ask('DELETE', `${at(ref)}${pathOf('labels', name)}`, {});
  }

  lineage(ref: IDatasetRef, depth: number, signal?: AbortSignal): Promise<LineageAnswer> {
    return this._get(`${at(ref)}/lineage`, { query: { version: ref.version, depth }, signal });
  }

  // -- versions

  /** Give the versions, newest first. */
  async versions(ref: IDatasetRef, signal?: AbortSignal): Promise<VersionRecord[]> {
    const found = await this._get<{ versions: VersionRecord[] }>(`${at(ref)}/versions`, { signal });
    return found.versions.sort((a, b) => b.seq - a.seq);
  }

  version(ref: IDatasetRef, version: string, signal?: AbortSignal): Promise<VersionRecord> {
    return this._get(`${at(ref)}${pathOf('versions', version)}`, { signal });
  }

  rollback(ref: IDatasetRef, version: string, message?: string): Promise<DatasetRecord> {
    return this._ask('POST', `${at(ref)}${pathOf('versions', version, 'rollback')}`, {
      body: { message: message ?? null }
    });
  }

  summary(ref: IDatasetRef, version: string, signal?: AbortSignal): Promise<Summary> {
    return this._get(`${at(ref)}${pathOf('versions', version, 'summary')}`, { signal });
  }

  preview(
    ref: IDatasetRef,
    version: string,
    wanted: IPreviewQuery,
    signal?: AbortSignal
  ): Promise<Preview> {
    const path = `${at(ref)}${pathOf('versions', version, 'preview')}`;
    return this._get(path, { query: { ...wanted }, signal });
  }

  /** Give what changed from one version to another. */
  diff(ref: IDatasetRef, from: string, to: string, signal?: AbortSignal): Promise<DiffAnswer> {
    return this._get(`${at(ref)}${pathOf('versions', from, 'diff', to)}`, { signal });
  }

  /** The path of a version's bytes, for a link. */
  dataPath(ref: IDatasetRef, version: string): string {
    return `${at(ref)}${pathOf('versions', version, 'data')}`;
  }

  // -- files

  async files(ref: IDatasetRef, signal?: AbortSignal): Promise<FileRecord[]> {
    return (await this._get<{ files: FileRecord[] }>(`${at(ref)}/files`, { signal })).files;
  }

  async fileHistory(ref: IDatasetRef, name: string, signal?: AbortSignal): Promise<FileRecord[]> {
    const path = `${at(ref)}${pathOf('files', name, 'history')}`;
    return (await this._get<{ files: FileRecord[] }>(path, { signal })).files;
  }

  /** Attach what was uploaded; a file of that name is replaced. */
  attach(
    ref: IDatasetRef,
    file: {
      file_name: string;
      file_format: string;
      upload: string;
      tag?: string | null;
      source_version?: string | null;
      auto_remove?: boolean;
    }
  ): Promise<FileRecord> {
    return this._ask('PUT', `${at(ref)}${pathOf('files', file.file_name)}`, { body: file });
  }

  async removeFile(ref: IDatasetRef, name: string): Promise<void> {
    await this._ask('DELETE', `${at(ref)}${pathOf('files', name)}`, {});
  }

  /** The path of an attached file's bytes, for a link. */
  filePath(ref: IDatasetRef, name: string): string {
    return `${at(ref)}${pathOf('files', name, 'content')}`;
  }

  /** Read bytes, or the first `length` of them. */
  async bytes(path: string, length?: number, signal?: AbortSignal): Promise<Uint8Array> {
    const headers: Record<string, string> = length ? { Range: `bytes=0-${length - 1}` } : {};
    const request: IRequest = { method: 'GET', path, headers, signal, as: 'bytes' };
    const answer = await this.transport.request(request);
    if (answer.status === 416) {
      return new Uint8Array(); // an empty file has no first byte
    }
    return checked(answer).body as Uint8Array;
  }

  // -- requests

  /** Send a request, and give the body of its answer. */
  async _ask<T>(method: Method, path: string, options: Options): Promise<T> {
    return checked(await this._send(method, path, options)).body as T;
  }

  private _get<T>(path: string, options: Options): Promise<T> {
    return this._ask('GET', path, options);
  }

  private async _tagged<T>(method: Method, path: string, options: Options): Promise<ITagged<T>> {
    const answer = checked(await this._send(method, path, options));
    return { record: answer.body as T, etag: answer.headers.etag ?? null };
  }

  private _send(method: Method, path: string, options: Options): Promise<IAnswer> {
    const headers = { ...options.headers };
    if (method !== 'GET') {
      headers[ORIGIN] = btoa(JSON.stringify({ interface: this._origin }));
    }
    return this.transport.request({ method, path, ...options, headers });
  }
}

function at(ref: IDatasetRef): string {
  return pathOf('atlases', ref.atlas, 'datasets', ref.id);
}

function checked(answer: IAnswer): IAnswer {
  if (answer.status >= 400) {
    throw errorOf(answer.status, answer.body, answer.headers);
  }
  return answer;
}
