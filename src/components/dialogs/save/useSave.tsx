/** Save from kernel, for a component: a function that opens the dialog, and the dialog. */

import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import type { DatasetRecord } from '../../../api/records';
import { useHost } from '../../base';
import { keys } from '../../data';
import { useKernels } from '../load/useKernels';
import { SaveDialog } from './SaveDialog';
import { EMPTY_DRAFT } from './useSaveForm';

export interface ISave {
  open: () => void;
  dialog: ReactNode;
}

/**
 * Saving what a kernel holds; null where there is no kernel, so that no button is shown.
 *
 * @param record The dataset whose next version it may be.
 * @param onLook Show its versions, after a conflict.
 */
export function useSave(atlas: string, record?: DatasetRecord, onLook?: () => void): ISave | null {
  const host = useHost();
  const kernels = useKernels();
  const queries = useQueryClient();
  const [isOpen, setOpen] = useState(false);
  const [draft, setDraft] = useState(EMPTY_DRAFT);
  if (!kernels?.current) {
    return null;
  }
  const dialog = isOpen && (
    <SaveDialog
      atlas={atlas}
      record={record}
      draft={draft}
      onDraft={setDraft}
      onClose={() => setOpen(false)}
      onLook={
        onLook &&
        (() => {
          setOpen(false);
          onLook();
        })
      }
      onSaved={(saved, ref) => {
        setOpen(false);
        setDraft(EMPTY_DRAFT);
        void queries.invalidateQueries({ queryKey: keys.dataset(ref) });
        void queries.invalidateQueries({ queryKey: keys.atlas(ref.atlas) });
        host.notify(
          saved.version === null
            ? {
                kind: 'info',
                text: host.t('{id} was not changed: there is no new version', { id: ref.id })
              }
            : {
                kind: 'done',
                text: host.t('Saved as {id} {version}', { id: ref.id, version: saved.version }),
                detail: saved.changes.join('\n').replaceAll('`', '') || null
              }
        );
        if (saved.version !== null && ref.id !== record?.dataset_id) {
          host.open?.(ref);
        }
      }}
    />
  );
  return { open: () => setOpen(true), dialog };
}
