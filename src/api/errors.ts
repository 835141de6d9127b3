/** What can go wrong, as the server names it: what happened, the remedy, and the kind. */

/** An error that the catalog answered with. */
export class CatalogError extends Error {
  constructor(
    /** What happened, with the value and the rule. */
    readonly title: string,
    /** What to do about it. */
    readonly detail: string | null,
    /** The class of the Python error: `NotFound`, `Conflict`, `AccessDenied` … */
    readonly kind: string,
    readonly status: number,
    /** The entity tag of what it is now, where the answer to a stale change gave it. */
    readonly etag: string | null = null
  ) {
    super(title);
    this.name = 'CatalogError';
  }

  /** Whether somebody else changed it meanwhile. */
  get isConflict(): boolean {
    return this.status === 409 || this.status === 412;
  }
}

/** There was no answer: no server, no connection, no kernel. Trying again may help. */
export class Unreachable extends CatalogError {
  constructor(title: string, detail: string | null = null) {
    super(title, detail, 'Unreachable', 0);
    this.name = 'Unreachable';
  }
}

/** Make an error of anything that was thrown, for showing. */
export function asCatalogError(reason: unknown): CatalogError {
  if (reason instanceof CatalogError) {
    return reason;
  }
  const text = reason instanceof Error ? reason.message : String(reason);
  return new CatalogError(text || 'Something unforeseen happened.', null, 'Error', 0);
}

/** Whether a request was given up by whoever made it: no error to show. */
export function isAborted(reason: unknown): boolean {
  return reason instanceof DOMException && reason.name === 'AbortError';
}

/** Make the error of an answer, from its body where that is one of ours. */
export function errorOf(
  status: number,
  body: unknown,
  headers: Record<string, string>
): CatalogError {
  const found = (typeof body === 'object' && body !== null ? body : {}) as Record<string, unknown>;
  const title = text(found.title) ?? text(found.message);
  if ([502, 503, 504].includes(status) && !title) {
    return new Unreachable('The server does not answer.', 'It may be starting: try again.');
  }
  return new CatalogError(
    title ?? `The server refused this (status ${status}).`,
    text(found.detail),
    text(found.kind) ?? 'Error',
    status,
    headers.etag ?? null
  );
}

function text(value: unknown): string | null {
  return typeof value === 'string' && value ? value : null;
}
