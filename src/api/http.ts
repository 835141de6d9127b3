/** Requests over HTTP, for JupyterLab and for the page that a server serves. */

import { Unreachable, isAborted } from './errors';
import { type IAnswer, type IRequest, type ITransport, queryOf } from './transport';

/** Below a Jupyter server's address. */
export const API = 'omicshelf/api/v1';

/** Sends one request with the credentials of the host; fails as `fetch` does. */
export type Send = (url: string, init: RequestInit) => Promise<Response>;

export interface IHttpOptions {
  /** The server's address, ending in a slash. */
  baseUrl: string;
  send: Send;
}

export class HttpTransport implements ITransport {
  constructor(private readonly _options: IHttpOptions) {}

  async request(request: IRequest): Promise<IAnswer> {
    const { body } = request;
    const headers: Record<string, string> = { Accept: 'application/json', ...request.headers };
    let data: BodyInit | undefined;
    if (isBytes(body)) {
      data = body as BodyInit;
      headers['Content-Type'] ??= 'application/octet-stream';
    } else if (body !== undefined) {
      data = JSON.stringify(body);
      headers['Content-Type'] = 'application/json';
    }
    try {
      const answer = await this._options.send(this._url(request.path, queryOf(request.query)), {
        method: request.method,
        headers,
        body: data,
        signal: request.signal,
        // What a person sees is what the catalog holds now. Not `no-store`: JupyterLab would write
        // the time into the address, which the server refuses as a parameter that it does not know.
        cache: 'no-cache'
      });
      return {
        status: answer.status,
        headers: Object.fromEntries(answer.headers.entries()),
        body: await read(answer, request.as ?? 'json')
      };
    } catch (reason) {
      if (request.signal?.aborted || isAborted(reason)) {
        throw request.signal?.reason ?? reason;
      }
      throw new Unreachable(
        'The server cannot be reached.',
        'Check your connection, and that the server is running.'
      );
    }
  }

  address(path: string): string {
    return this._url(path, '');
  }

  dispose(): void {
    // Nothing is held between requests.
  }

  private _url(path: string, query: string): string {
    return `${this._options.baseUrl}${API}${path}${query}`;
  }
}

function isBytes(body: unknown): body is Blob | ArrayBuffer | ArrayBufferView {
  return body instanceof Blob || body instanceof ArrayBuffer || ArrayBuffer.isView(body);
}

async function read(answer: Response, as: 'json' | 'bytes'): Promise<unknown> {
  if (as === 'bytes' && answer.ok) {
    return new Uint8Array(await answer.arrayBuffer());
  }
  const text = await answer.text();
  if (!text) {
    return undefined;
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return { title: undefined };
  }
}
