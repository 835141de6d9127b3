/** For tests: a catalog in memory behind a transport, which answers what the sidebar asks. */

import { CatalogClient } from '../../api/client';
import { Unreachable } from '../../api/errors';
import type { Connection, IFeed } from '../../api/feed';
import type { DatasetRecord, Role, VersionRecord } from '../../api/records';
import type { IAnswer, IRequest, ITransport } from '../../api/transport';
import type { IHost, INotice } from '../host';
import { translate } from '../words';
import { parseSearch } from './query';

type Some = Partial<Omit<DatasetRecord, 'version'>> & { version?: Partial<VersionRecord> };

export function dataset(id: string, { version, ...rest }: Some = {}): DatasetRecord {
  return {
    atlas: 'blood',
    dataset_id: id,
    incarnation: 1,
    study_id: null,
    created_at: 0,
    last_modified_at: Date.now() - 3 * 3600_000,
    change_seq: 1,
    deleted: false,
    unchanged: false,
    ...rest,
    version: {
      version_id: `${id}-1`,
      atlas: 'blood',
      dataset_id: id,
      seq: 1,
      data_type: 'Single cell RNA',
      data_format: 'h5ad',
      metadata: {},
      size: 1000,
      shape: [700, 765],
      problems: 0,
      ...version
    } as VersionRecord
  };
}

/** A server of one atlas; what is asked of it is kept. */
export class Shelf implements ITransport {
  readonly asked: IRequest[] = [];
  role: Role = 'admin';
  /** No answer comes. */
  lost = false;
  /** Answers wait for this. */
  held: Promise<void> | null = null;
  deleted: DatasetRecord[] = [];
  /** There is no atlas. */
  bare = false;

  constructor(public datasets: DatasetRecord[]) {}

  async request(request: IRequest): Promise<IAnswer> {
    this.asked.push(request);
    await this.held;
    request.signal?.throwIfAborted();
    if (this.lost) {
      throw new Unreachable('The server cannot be reached.', 'Check your connection.');
    }
    const [status, body] = this.answer(request);
    return { status, headers: {}, body };
  }

  address(path: string): string {
    return `/api${path}`;
  }

  dispose(): void {
    this.asked.length = 0;
  }

  private answer({ method, path, query, body }: IRequest): [number, unknown] {
    const one = /\/datasets\/([^/]+)(\/undelete|\/study)?$/.exec(path);
    if (path === '/info') {
      return [200, { user: 'ada', role: this.role, version: '1', api: 1, store: 's' }];
    }
    if (path === '/atlases') {
      const atlas = { name: 'blood', created_at: 0, n_datasets: this.datasets.length, size: 5000 };
      return [200, { atlases: this.bare ? [] : [atlas], roles: { blood: this.role } }];
    }
    if (path.endsWith('/keys')) {
      const n = this.datasets.length;
      return [200, { n_datasets: n, keys: [{ key: 'tissue', n_datasets: n, n_values: 2 }] }];
    }
    if (path.endsWith('/studies')) {
      return [200, { studies: [...new Set(this.datasets.flatMap(d => d.study_id ?? []))] }];
    }
    if (one && method === 'DELETE') {
      this.move(one[1], 'datasets', 'deleted');
      return [204, undefined];
    }
    if (one?.[2] === '/undelete') {
      return [200, this.move(one[1], 'deleted', 'datasets')];
    }
    if (one?.[2] === '/study') {
      const found = this.datasets.find(d => d.dataset_id === one[1])!;
      found.study_id = (body as { study_id: string | null }).study_id;
      return [200, found];
    }
    if (path.endsWith('/datasets')) {
      return this.find(query ?? {});
    }
    if (path.endsWith('/summary')) {
      return [200, { kind: 'annotated', format: 'h5ad', problems: ['Names of cells repeat.'] }];
    }
    return [404, { title: `${path} is not there.`, kind: 'NotFound' }];
  }

  private move(id: string, from: 'datasets' | 'deleted', to: 'datasets' | 'deleted') {
    const found = this[from].find(d => d.dataset_id === id)!;
    this[from] = this[from].filter(d => d !== found);
    this[to] = [...this[to], found];
    return found;
  }

  private find(query: NonNullable<IRequest['query']>): [number, unknown] {
    const { terms, words } = parseSearch(String(query.search ?? ''));
    if (words.includes('wrong')) {
      return [400, { title: "'wrong' cannot be understood.", detail: 'Mend it.', kind: 'Invalid' }];
    }
    const where = query.where
      ? (JSON.parse(String(query.where)) as [string, string, unknown][])
      : [];
    const all = query.deleted ? this.deleted : this.datasets;
    const found = all.filter(
      one =>
        words.split(' ').every(word => JSON.stringify(one).toLowerCase().includes(word)) &&
        terms.every(({ key, value }) => value.split(',').some(v => valueOf(one, key) === v)) &&
        where.every(([key, op, value]) => holds(valueOf(one, key), op, value))
    );
    const facets: Record<string, Record<string, number>> = {};
    for (const key of (query.facets as string[] | undefined) ?? []) {
      facets[key] = {};
      for (const one of found) {
        const value = valueOf(one, key);
        if (value !== null) {
          facets[key][value] = (facets[key][value] ?? 0) + 1;
        }
      }
    }
    const start = Number(query.after ?? 0);
    const end = start + Number(query.limit ?? 50);
    const next = end < found.length ? String(end) : null;
    return [200, { datasets: found.slice(start, end), total: found.length, next, facets }];
  }
}

function valueOf(one: DatasetRecord, key: string): string | null {
  const fields: Record<string, unknown> = {
    ...one.version.metadata,
    dataset_id: one.dataset_id,
    study_id: one.study_id,
    study: one.study_id,
    data_type: one.version.data_type,
    type: one.version.data_type,
    data_format: one.version.data_format
  };
  const value = fields[key];
  return typeof value === 'string' ? value : null;
}

function holds(value: string | null, op: string, sought: unknown): boolean {
  switch (op) {
    case 'missing':
      return value === null;
    case 'in':
      return (sought as string[]).includes(value ?? '');
    case 'contains':
      return value?.includes(String(sought)) ?? false;
    default:
      return value === sought;
  }
}

export class QuietFeed implements IFeed {
  connection: Connection = { state: 'connected' };
  private readonly watchers = new Set<() => void>();

  subscribe(): () => void {
    return () => undefined;
  }

  onConnection(listener: () => void): () => void {
    this.watchers.add(listener);
    return () => this.watchers.delete(listener);
  }

  set(connection: Connection): void {
    this.connection = connection;
    this.watchers.forEach(watcher => watcher());
  }

  retry(): void {
    this.set({ state: 'connected' });
  }

  dispose(): void {
    this.watchers.clear();
  }
}

export interface ITestHost extends IHost {
  readonly feed: QuietFeed;
  readonly notices: INotice[];
  readonly opened: string[];
  readonly copied: string[];
  readonly kept: Map<string, unknown>;
}

export function hostOf(shelf: ITransport): ITestHost {
  const notices: INotice[] = [];
  const opened: string[] = [];
  const copied: string[] = [];
  const kept = new Map<string, unknown>();
  return {
    client: new CatalogClient(shelf, 'page'),
    feed: new QuietFeed(),
    t: translate(),
    notices,
    opened,
    copied,
    kept,
    open: (ref, tab) => void opened.push([ref.id, tab].filter(Boolean).join(' ')),
    notify: notice => void notices.push(notice),
    copy: text => Promise.resolve(void copied.push(text)),
    memory: {
      get: <T>(key: string) => kept.get(key) as T | undefined,
      set: (key, value) => void kept.set(key, value)
    },
    settings: {
      defaultAtlas: '',
      pageSize: 50,
      facets: [],
      onLoad: 'run',
      variableNaming: 'kind',
      pinVersion: true,
      changed: () => () => undefined
    }
  };
}
