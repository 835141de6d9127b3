/** The colours that a file has for the categories of a column. */

import { useMemo } from 'react';
import type { VersionRecord } from '../../../api/records';
import { usePreview } from '../../data';

interface IOfColumn {
  embedding: string | undefined;
  modality: string | undefined;
  column: string;
}

/** The colours by category; null where the file has none, or until they are there. */
export function useCategoryColors(
  version: VersionRecord,
  { embedding, modality, column }: IOfColumn,
  enabled: boolean
): ReadonlyMap<string, string> | null {
  // Colours come with the points of an embedding: one point brings them all.
  const query = { kind: 'embedding', embedding, modality, color: column, points: 1 } as const;
  const { data } = usePreview(version, query, enabled && embedding !== undefined);
  const color = enabled ? data?.embedding?.color : null;
  return useMemo(() => {
    if (color?.kind !== 'categories' || !color.colors) {
      return null;
    }
    const { colors, categories } = color;
    return new Map(categories.map((name, i) => [name, colors[i]]));
  }, [color]);
}
