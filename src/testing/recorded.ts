/** A catalog for tests of components: it answers what a real server answered to the same requests. */

import { CatalogClient } from '../api/client';
import type { Connection, IFeed } from '../api/feed';
import type { Change } from '../api/records';
import type { IAnswer, IRequest, ITransport, Method } from '../api/transport';
import answers from './recorded.json';

interface IRecorded {
  name: string | null;
  method: string;
  path: string;
  query: Record<string, unknown>;
  status: number;
  headers: Record<string, string>;
  body: unknown;
}

// What was recorded is typed as what it is: answers of any kind.
const RECORDED = answers as unknown as IRecorded[];

/** What a test answers itself: a change of what was recorded, or an error. */
export type Answering = (request: IRequest) => IAnswer | Promise<IAnswer>;

/** The recorded answer of a name, such as `saved` and `refused`. */
export function recorded(name: string): IAnswer {
  const found = RECORDED.find(answer => answer.name === name);
  if (!found) {
    throw new Error(`No answer called ${name} was recorded.`);
  }
  return answerOf(found);
}

/** The body of the recorded answer to a request. */
export function recordedBody<T>(path: string): T {
  const found = RECORDED.find(answer => answer.path === path && answer.name === null);
  if (!found) {
    throw new Error(`Nothing was recorded of ${path}.`);
  }
  return structuredClone(found.body) as T;
}

/** Answers from what was recorded, and keeps what was asked. */
export class RecordedTransport implements ITransport {
  readonly requests: IRequest[] = [];

  async request(request: IRequest): Promise<IAnswer> {
    this.requests.push(request);
    await Promise.resolve();
    request.signal?.throwIfAborted();
    for (const own of this._own) {
      if (own.method === request.method && own.path.test(request.path)) {
        return own.answer(request);
      }
    }
    const found = RECORDED.filter(
      answer =>
        answer.name === null && answer.method === request.method && answer.path === request.path
    );
    const fitting =
      found.find(answer => fits(answer, request)) ?? (found.length === 1 ? found[0] : null);
    if (!fitting) {
      throw new Error(`Nothing was recorded of ${request.method} ${request.path}.`);
    }
    return answerOf(fitting);
  }

  /** Answer a request in the test; the newest goes before the others. */
  answer(method: Method, path: RegExp, answer: Answering): void {
    this._own.unshift({ method, path, answer });
  }

  /** The requests of a method to a path. */
  sent(method: Method, path: RegExp): IRequest[] {
    return this.requests.filter(one => one.method === method && path.test(one.path));
  }

  address(path: string): string | null {
    return `https://example.org${path}`;
  }

  dispose(): void {
    // There is nothing to give back.
  }

  private readonly _own: { method: Method; path: RegExp; answer: Answering }[] = [];
}

/** Of several answers of one path, that of the same kind, table, embedding or facets. */
function fits(answer: IRecorded, request: IRequest): boolean {
  return ['kind', 'table', 'embedding', 'facets', 'deleted', 'where'].every(
    key => written(answer.query[key]) === written(request.query?.[key])
  );
}

function written(value: unknown): string {
  // As it is in an address: everything there is text.
  return typeof value === 'string' ? value : (JSON.stringify(value)?.replace(/^null$/, '') ?? '');
}

function answerOf({ status, headers, body }: IRecorded): IAnswer {
  return { status, headers, body: structuredClone(body) };
}

/** A feed that a test speaks through. */
export class SpokenFeed implements IFeed {
  connection: Connection = { state: 'connected' };

  subscribe(listener: (changes: Change[] | null) => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  onConnection(listener: () => void): () => void {
    this._watchers.add(listener);
    return () => this._watchers.delete(listener);
  }

  /** Say that something changed; null is that anything may have. */
  say(changes: Change[] | null): void {
    this._listeners.forEach(listener => listener(changes));
  }

  set(connection: Connection): void {
    this.connection = connection;
    this._watchers.forEach(listener => listener());
  }

  retry(): void {
    this.say(null);
  }

  dispose(): void {
    this._listeners.clear();
  }

  private readonly _listeners = new Set<(changes: Change[] | null) => void>();
  private readonly _watchers = new Set<() => void>();
}

/** A client over recorded answers. */
export function recordedClient(): { client: CatalogClient; transport: RecordedTransport } {
  const transport = new RecordedTransport();
  return { client: new CatalogClient(transport, 'page'), transport };
}
