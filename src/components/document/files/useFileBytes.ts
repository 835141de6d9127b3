/** The bytes of a file, or its first ones. */

import { useQuery, type UseQueryResult } from '@tanstack/react-query';
import { useEffect, useState } from 'react';
import type { FileRecord, IDatasetRef } from '../../../api/records';
import { useHost } from '../../base';

// Nobody looks at what was looked at a minute ago, and it is large.
const KEPT_MS = 60_000;

/** They are those of the file's state: bytes of one hash never change. */
export function useFileBytes(
  dataset: IDatasetRef,
  file: FileRecord,
  options: { length?: number; enabled?: boolean } = {}
): UseQueryResult<Uint8Array> {
  const { client } = useHost();
  const { length, enabled } = options;
  return useQuery({
    queryKey: ['file', file.file_id, file.blake3, length ?? null],
    queryFn: ({ signal }) => client.bytes(client.filePath(dataset, file.file_name), length, signal),
    gcTime: KEPT_MS,
    structuralSharing: false,
    enabled
  });
}

/** An address of bytes, in this page alone, of a type that we say and not the file. */
export function useBlobUrl(bytes: Uint8Array | undefined, type: string): string | null {
  const [url, setUrl] = useState<string | null>(null);
  useEffect(() => {
    if (!bytes) {
      setUrl(null);
      return undefined;
    }
    const made = URL.createObjectURL(new Blob([bytes], { type }));
    setUrl(made);
    return () => URL.revokeObjectURL(made);
  }, [bytes, type]);
  return url;
}
