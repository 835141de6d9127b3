/** The files that are being attached to a dataset. */

import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useSyncExternalStore } from 'react';
import type { IDatasetRef } from '../../../api/records';
import { useHost } from '../../base';
import { keys } from '../../data';
import { type AttachQueue, queueOf } from './AttachQueue';
import { type IAttachItem, isEnded } from './items';

export interface IAttaching {
  items: readonly IAttachItem[];
  queue: AttachQueue;
}

export function useAttaching(dataset: IDatasetRef): IAttaching {
  const host = useHost();
  const queries = useQueryClient();
  const queue = queueOf(host, dataset);
  const items = useSyncExternalStore(queue.subscribe, () => queue.items);
  const over = items.every(isEnded);
  const { atlas, id } = dataset;
  useEffect(() => {
    if (over) {
      void queries.invalidateQueries({ queryKey: keys.files({ atlas, id }) });
    }
  }, [over, queries, atlas, id]);
  return { items, queue };
}
