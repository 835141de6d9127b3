/** Choose files of this computer for a dataset, and say what they are: from a menu, in one go. */

import { type ReactNode, Suspense, useCallback, useRef, useState } from 'react';
import type { IDatasetRef } from '../../../api/records';
import { useHost, useWords, lazily } from '../../base';

// Fetched when there are files: who never attaches any never fetches it.
const AttachDialog = lazily(async () => (await import('./AttachDialog')).AttachDialog);

export interface IChoosing {
  /** Open the browser's own dialog; to be called in a press or a key. */
  choose: (dataset: IDatasetRef) => void;
  /** To be put into the page. */
  element: ReactNode;
}

interface IChosen {
  dataset: IDatasetRef;
  files: readonly File[];
}

export function useChoosing(): IChoosing {
  const t = useWords();
  const host = useHost();
  const input = useRef<HTMLInputElement>(null);
  const wanted = useRef<IDatasetRef | null>(null);
  const [chosen, setChosen] = useState<IChosen | null>(null);
  const choose = useCallback((dataset: IDatasetRef) => {
    wanted.current = dataset;
    input.current?.click();
  }, []);
  return {
    choose,
    element: (
      <>
        <input
          ref={input}
          type="file"
          multiple
          hidden
          aria-label={t('Files to attach')}
          onChange={({ currentTarget }) => {
            const files = [...(currentTarget.files ?? [])];
            // The same file may be chosen again.
            currentTarget.value = '';
            if (files.length && wanted.current) {
              setChosen({ dataset: wanted.current, files });
            }
          }}
        />
        {chosen && (
          <Suspense fallback={null}>
            <AttachDialog
              {...chosen}
              settled
              onAttach={dataset => host.open?.(dataset, 'files')}
              onClose={() => setChosen(null)}
            />
          </Suspense>
        )}
      </>
    )
  };
}
