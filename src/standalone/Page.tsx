/** The page: the list, and beside it the dataset that was opened. */

import { Suspense, useEffect, useMemo, useState } from 'react';

import {
  Button,
  EmptyState,
  ErrorBoundary,
  Surface,
  ToastStack,
  Waiting,
  classes,
  lazily
} from '../components/base';
import { CatalogProvider } from '../components/data';
import { Sidebar } from '../components/sidebar';
import { type IPlace, placeOf, queryOfPlace } from './address';
import { pageHost } from './host';

const DatasetDocument = lazily(
  async () => (await import('../components/document')).DatasetDocument
);

export function Page({ baseUrl }: { baseUrl: string }) {
  const [place, go] = usePlace();
  const host = useMemo(
    () => pageHost(baseUrl, (dataset, tab) => go({ dataset, tab: tab ?? 'overview' })),
    [baseUrl, go]
  );
  const { t } = host;
  return (
    <CatalogProvider host={host}>
      <Surface host={host} className={classes('omicshelf-page', place && 'omicshelf-mod-open')}>
        <div className="omicshelf-page-side">
          <Sidebar />
        </div>
        <main className="omicshelf-page-main">
          {place ? (
            <>
              <div className="omicshelf-page-back">
                <Button icon="left" onClick={() => go(null)}>
                  {t('All datasets')}
                </Button>
              </div>
              <ErrorBoundary part={place.dataset.id} resetKey={place.dataset.id}>
                <Suspense fallback={<Waiting label={t('Opening')} />}>
                  <DatasetDocument
                    dataset={place.dataset}
                    tab={place.tab}
                    onTab={tab => go({ ...place, tab })}
                    onVersion={version =>
                      go({ ...place, dataset: { ...place.dataset, version } }, 'replace')
                    }
                  />
                </Suspense>
              </ErrorBoundary>
            </>
          ) : (
            <EmptyState title={t('Choose a dataset')}>
              {t('What is in it, its versions and files are shown here.')}
            </EmptyState>
          )}
        </main>
        <ToastStack queue={host.toasts} />
      </Surface>
    </CatalogProvider>
  );
}

type Go = (place: IPlace | null, how?: 'push' | 'replace') => void;

/** The place in the address, which the browser's own buttons go through. */
function usePlace(): [IPlace | null, Go] {
  const [place, setPlace] = useState(() => placeOf(location.search));
  useEffect(() => {
    const moved = () => setPlace(placeOf(location.search));
    addEventListener('popstate', moved);
    return () => removeEventListener('popstate', moved);
  }, []);
  const go = useMemo<Go>(
    () =>
      (next, how = 'push') => {
        const address = location.pathname + queryOfPlace(next);
        if (address !== location.pathname + location.search) {
          history[how === 'push' ? 'pushState' : 'replaceState'](null, '', address);
        }
        setPlace(next);
      },
    []
  );
  return [place, go];
}
