/** What can be done to datasets from the sidebar. */

import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';

import { asCatalogError } from '../../api/errors';
import type { DatasetRecord, IDatasetRef } from '../../api/records';
import { useHost } from '../base';
import { keys } from '../data';
import { bytesName, save } from '../download';
import type { IHost } from '../host';

export interface IActions {
  copyId: (record: DatasetRecord) => void;
  /** Move them to the trash; they can be brought back for ten seconds, and from there. */
  remove: (records: readonly DatasetRecord[]) => Promise<void>;
  restore: (records: readonly DatasetRecord[]) => Promise<void>;
  /** Put them into a study, or null for none. It fails as the server does. */
  moveToStudy: (records: readonly DatasetRecord[], study: string | null) => Promise<void>;
  copyTo: (record: DatasetRecord, atlas: string, id: string, history: boolean) => Promise<void>;
  /** Save their newest versions as files. */
  download: (records: readonly DatasetRecord[]) => Promise<void>;
}

export function refOf(record: DatasetRecord): IDatasetRef {
  return { atlas: record.atlas, id: record.dataset_id };
}

export function useActions(): IActions {
  const host = useHost();
  const queries = useQueryClient();
  return useMemo(() => {
    const changed = (atlas: string) => {
      void queries.invalidateQueries({ queryKey: keys.atlas(atlas) });
      void queries.invalidateQueries({ queryKey: keys.atlases });
    };
    return actionsOf(host, changed);
  }, [host, queries]);
}

function actionsOf(host: IHost, changed: (atlas: string) => void): IActions {
  const { client, t } = host;
  const named = (records: readonly DatasetRecord[]) =>
    records.length === 1
      ? records[0].dataset_id
      : t.plural('{n} dataset', '{n} datasets', records.length);

  const restore = async (records: readonly DatasetRecord[]) => {
    await eachOf(records, async record => {
      await client.undelete(refOf(record));
    });
    changed(records[0].atlas);
  };
  return {
    copyId(record) {
      host.copy(record.dataset_id).then(
        () => host.notify({ kind: 'done', text: t('{id} copied', { id: record.dataset_id }) }),
        () =>
          host.notify({
            kind: 'error',
            text: t('The browser does not give access to the clipboard')
          })
      );
    },
    async remove(records) {
      const gone: DatasetRecord[] = [];
      try {
        await eachOf(records, async record => {
          await client.remove(refOf(record));
          gone.push(record);
        });
      } catch (reason) {
        failed(host, reason);
      }
      if (gone.length) {
        changed(gone[0].atlas);
        host.notify({
          kind: 'done',
          text: named(gone),
          detail: t('Moved to Trash'),
          undo: () => restore(gone)
        });
      }
    },
    async restore(records) {
      try {
        await restore(records);
        host.notify({ kind: 'done', text: t('{what} restored', { what: named(records) }) });
      } catch (reason) {
        failed(host, reason);
      }
    },
    async moveToStudy(records, study) {
      await eachOf(records, async record => {
        await client.setStudy(refOf(record), study);
      });
      changed(records[0].atlas);
    },
    async copyTo(record, atlas, id, history) {
      await client.copy(refOf(record), { atlas, dataset_id: id, with_history: history });
      changed(atlas);
      host.notify({ kind: 'done', text: t('{id} copied to {atlas}', { id, atlas }) });
    },
    async download(records) {
      try {
        for (const record of records) {
          const { version } = record;
          await save(host, client.dataPath(refOf(record), version.version_id), bytesName(version));
          await new Promise(resolve => setTimeout(resolve, BETWEEN_MS));
        }
      } catch (reason) {
        failed(host, reason);
      }
    }
  };
}

function failed(host: IHost, reason: unknown): void {
  const { title, detail } = asCatalogError(reason);
  host.notify({ kind: 'error', text: title, detail });
}

// Four at once keep a server busy and leave the connections that the lists need.
const AT_ONCE = 4;

/** Do it to each; the first that fails is told, after those that were begun have ended. */
async function eachOf<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  const left = [...items];
  const work = async () => {
    for (let item = left.shift(); item !== undefined; item = left.shift()) {
      try {
        await act(item);
      } catch (reason) {
        left.length = 0;
        throw reason;
      }
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, work));
  const bad = ends.find(end => end.status === 'rejected');
  if (bad) {
    throw bad.reason;
  }
}

// Browsers drop downloads that begin in the same moment.
const BETWEEN_MS = 400;
