/** What is shown where: the components' rooms. */

import { Suspense, lazy } from 'react';

import { Skeleton, Waiting, useWords } from '../components/base';
import type { IDatasetDocumentProps } from '../components/document';

// Read when the first document is opened: the panel is there sooner.
const DatasetDocument = lazy(async () => ({
  default: (await import('../components/document')).DatasetDocument
}));

/** The document of a dataset. */
export function DocumentRoom(props: IDatasetDocumentProps) {
  const t = useWords();
  return (
    <Suspense
      fallback={
        <Waiting label={t('Opening {id}', { id: props.dataset.id })}>
          <Skeleton rows={8} />
        </Waiting>
      }
    >
      <DatasetDocument {...props} />
    </Suspense>
  );
}
