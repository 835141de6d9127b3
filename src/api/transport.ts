/** The seam between what people see and where the answers come from. */

export type Method = 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

export type Query = Record<
  string,
  string | number | boolean | null | undefined | readonly (string | number)[]
>;

/** A request of the REST interface, whatever carries it. */
export interface IRequest {
  method: Method;
  /** Below the interface's address, each name percent-encoded: see {@link pathOf}. */
  path: string;
  query?: Query;
  /** JSON, or bytes. */
  body?: unknown;
  headers?: Record<string, string>;
  signal?: AbortSignal;
  /** What the answer is wanted as; JSON unless said otherwise. */
  as?: 'json' | 'bytes';
}

export interface IAnswer {
  status: number;
  headers: Record<string, string>;
  /** The JSON of the answer, or its bytes; undefined where it has none. */
  body: unknown;
}

/**
 * Carries requests to the catalog: over HTTP to a server, or over a comm to the kernel.
 *
 * It fails with {@link Unreachable} where there was no answer, and with the signal's reason where
 * the request was given up. An answer that is an error is an answer like any other.
 */
export interface ITransport {
  request(request: IRequest): Promise<IAnswer>;
  /**
   * Give the address of bytes for a link or an image, where the browser can fetch them itself;
   * null where only {@link request} can.
   */
  address(path: string): string | null;
  dispose(): void;
}

/** Join names to a path, each one segment of it. */
export function pathOf(...names: string[]): string {
  return names
    .map(name => '/' + (name === '.' || name === '..' ? name.replace(/\./g, '%2E') : segment(name)))
    .join('');
}

function segment(name: string): string {
  // A lone surrogate has no UTF-8: nothing is called so, and the server says that best.
  return encodeURIComponent(name.toWellFormed?.() ?? name.replace(/[\uD800-\uDFFF]/gu, '\uFFFD'));
}

/** Write a query as a URL has it; what is null or undefined is left out. */
export function queryOf(query: Query | undefined): string {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query ?? {})) {
    if (value === null || value === undefined) {
      continue;
    }
    for (const one of Array.isArray(value) ? value : [value]) {
      params.append(name, String(one));
    }
  }
  const text = params.toString();
  return text && `?${text}`;
}
