/** What is shown where: the components' rooms. */

import { Suspense } from 'react';

import { ErrorBoundary, Skeleton, Waiting, lazily, useWords } from '../components/base';
import type { IDatasetDocumentProps } from '../components/document';

// Read when the first document is opened: the panel is there sooner.
const DatasetDocument = lazily(
  async () => (await import('../components/document')).DatasetDocument
);

/** The document of a dataset. */
export function DocumentRoom(props: IDatasetDocumentProps) {
  const t = useWords();
  return (
    <ErrorBoundary part={props.dataset.id}>
      <Suspense
        fallback={
          <Waiting label={t('Opening {id}', { id: props.dataset.id })}>
            <Skeleton rows={8} />
          </Waiting>
        }
      >
        <DatasetDocument {...props} />
      </Suspense>
    </ErrorBoundary>
  );
}
