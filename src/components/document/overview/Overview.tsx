/** What is in the data at the left, the metadata at the right. */

import { ErrorBoundary, Problem, Skeleton, useWords, Waiting } from '../../base';
import { asCatalogError } from '../../../api/errors';
import { useSummary } from '../../data';
import type { DocumentTab } from '../../host';
import type { IRoomProps } from '../Room';
import { MetadataPanel } from './metadata/MetadataPanel';
import { SummaryView } from './SummaryView';

export interface IOverviewProps extends IRoomProps {
  etag: string | null;
  onTab: (tab: DocumentTab) => void;
  onVersion: (version: string | undefined) => void;
}

export function Overview(props: IOverviewProps) {
  const t = useWords();
  return (
    <div className="omicshelf-overview">
      <section className="omicshelf-overview-data" aria-label={t('What is in the data')}>
        <ErrorBoundary part={t('The summary')} resetKey={props.version.version_id}>
          <Data {...props} />
        </ErrorBoundary>
      </section>
      <ErrorBoundary part={t('The metadata')} resetKey={props.version.version_id}>
        <MetadataPanel {...props} />
      </ErrorBoundary>
    </div>
  );
}

function Data(props: IOverviewProps) {
  const t = useWords();
  const { data, error, refetch } = useSummary(props.version);
  if (data) {
    return <SummaryView {...props} summary={data} />;
  }
  if (error) {
    return (
      <Problem
        title={t('What is in the data cannot be told')}
        error={asCatalogError(error)}
        onRetry={() => void refetch()}
      >
        {t('The data themselves can be loaded all the same.')}
      </Problem>
    );
  }
  return (
    <Waiting label={t('Reading the summary')}>
      <Skeleton rows={10} height={24} lines={1} />
    </Waiting>
  );
}
