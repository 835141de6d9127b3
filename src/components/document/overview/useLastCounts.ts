/** Where raw counts were last, if this version has none. */

import { useQuery } from '@tanstack/react-query';
import type { IDatasetRef, VersionRecord } from '../../../api/records';
import { useHost } from '../../base';
import { useVersions } from '../../data';

// Whoever lost the counts longer ago finds them in the timeline.
const LOOKED_AT = 12;

export interface ILastCounts {
  version: VersionRecord;
  place: string;
}

/** The newest earlier version with raw counts; its data differ from the ones looked at before. */
export function useLastCounts(
  ref: IDatasetRef,
  version: VersionRecord,
  enabled: boolean
): ILastCounts | null {
  const { client } = useHost();
  const { data: versions } = useVersions(ref);
  const { data } = useQuery({
    queryKey: ['version', version.version_id, 'last-counts'],
    queryFn: async ({ signal }): Promise<ILastCounts | null> => {
      const seen = new Set([version.blake3]);
      for (const one of versions ?? []) {
        if (one.seq >= version.seq || one.deleted || seen.has(one.blake3)) {
          continue;
        }
        seen.add(one.blake3);
        if (seen.size > LOOKED_AT) {
          break;
        }
        const summary = await client.summary(ref, one.version_id, signal);
        if (summary.counts_in !== null) {
          return { version: one, place: summary.counts_in };
        }
      }
      return null;
    },
    enabled: enabled && versions !== undefined
  });
  return data ?? null;
}
