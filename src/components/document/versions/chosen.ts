/** Which versions are selected: two at most, for two can be compared. */

import type { VersionRecord } from '../../../api/records';
import type { Selection } from '../../base';

/**
 * Make two of more: of a range its ends, and of one more the newest press and the one before it.
 */
export function pair(before: Selection, next: Selection): Selection {
  if (next.size <= 2) {
    return next;
  }
  const ids = [...next];
  const added = ids.filter(id => !before.has(id));
  const last = ids[ids.length - 1];
  if (added.length === 1 && before.size === 2) {
    return new Set([[...before][1], added[0]]);
  }
  return new Set([ids[0], last]);
}

/** What of it is still there. */
export function chosenOf(selection: Selection, versions: readonly VersionRecord[]): Selection {
  const present = new Set(versions.map(version => version.version_id));
  return [...selection].every(id => present.has(id))
    ? selection
    : new Set([...selection].filter(id => present.has(id)));
}
