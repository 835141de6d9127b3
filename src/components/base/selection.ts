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

/** What lies between two rows, both included, in either direction; without what may not be. */
export function between(
  keys: readonly string[],
  from: number,
  to: number,
  allowed: (index: number) => boolean = () => true
): Selection {
  const first = Math.max(0, Math.min(from, to));
  const range = keys.slice(first, Math.max(from, to) + 1);
  return new Set(range.filter((_, i) => allowed(first + i)));
}

/** What of it is still there. */
export function remaining(selection: Selection, keys: Iterable<string>): Selection {
  const present = new Set(keys);
  return new Set([...selection].filter(key => present.has(key)));
}
