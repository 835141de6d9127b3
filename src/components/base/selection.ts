/** Which rows are selected, and what a press or a key makes of it. */

export type Selection = ReadonlySet<string>;

export const NOTHING: Selection = new Set();

/** Take one in, or out. */
export function toggled(selection: Selection, key: string): Selection {
  const next = new Set(selection);
  if (!next.delete(key)) {
    next.add(key);
  }
  return next;
}

/** What lies between two rows, both included, in either direction. */
export function between(keys: readonly string[], from: number, to: number): Selection {
  const [first, last] = from < to ? [from, to] : [to, from];
  return new Set(keys.slice(Math.max(0, first), last + 1));
}

/** What of it is still there. */
export function remaining(selection: Selection, keys: Iterable<string>): Selection {
  const present = new Set(keys);
  return new Set([...selection].filter(key => present.has(key)));
}
