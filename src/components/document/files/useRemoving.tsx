/** Delete files: undone for a moment where that is quick, asked before where it is not. */

import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { asCatalogError } from '../../../api/errors';
import type { FileRecord, IDatasetRef } from '../../../api/records';
import { bytes, Confirm, useHost, useWords } from '../../base';
import { keys } from '../../data';
import { restoreFile } from '../../dialogs/attach';

// To undo, the bytes go through the browser: more than these are not sent back and forth.
const UNDONE_AT_MOST = 200e6;

export interface IRemoving {
  remove: (files: readonly FileRecord[]) => void;
  dialog: ReactNode;
}

export function useRemoving(dataset: IDatasetRef): IRemoving {
  const t = useWords();
  const host = useHost();
  const queries = useQueryClient();
  const [asked, setAsked] = useState<readonly FileRecord[] | null>(null);
  const fresh = () => void queries.invalidateQueries({ queryKey: keys.files(dataset) });

  const act = async (files: readonly FileRecord[], undoable: boolean) => {
    const gone: FileRecord[] = [];
    try {
      for (const file of files) {
        await host.client.removeFile(dataset, file.file_name);
        gone.push(file);
      }
    } finally {
      fresh();
      if (gone.length) {
        host.notify({
          kind: 'done',
          text:
            gone.length === 1
              ? t('{name} was deleted', { name: gone[0].file_name })
              : t('{n} files were deleted', { n: gone.length }),
          undo: undoable ? () => restoreAll(gone).finally(fresh) : undefined
        });
      }
    }
  };
  const restoreAll = async (files: readonly FileRecord[]) => {
    for (const file of files) {
      await restoreFile(host, dataset, file);
    }
  };

  const size = (files: readonly FileRecord[]) =>
    files.reduce((sum, file) => sum + (file.size ?? 0), 0);
  return {
    remove: files => {
      if (size(files) > UNDONE_AT_MOST) {
        setAsked(files);
        return;
      }
      act(files, true).catch((reason: unknown) => {
        const { title, detail } = asCatalogError(reason);
        host.notify({
          kind: 'error',
          text: t('It was not deleted: {why}', { why: title }),
          detail
        });
      });
    },
    dialog: asked && (
      <Confirm
        title={t.plural('Delete {n} file?', 'Delete {n} files?', asked.length)}
        action={t('Delete')}
        destructive
        onConfirm={() => act(asked, false)}
        onClose={() => setAsked(null)}
      >
        {t('{size} are too large to be undone by a click. They stay in the history of the file.', {
          size: bytes(size(asked))
        })}
      </Confirm>
    )
  };
}
