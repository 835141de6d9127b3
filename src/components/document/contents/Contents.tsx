/** What is in the data of a version, as far as it can be seen without loading it. */

import type { DatasetRecord, IDatasetRef, Preview, VersionRecord } from '../../../api/records';
import { Skeleton, useWords } from '../../base';
import { Cells } from './cells/Cells';
import { Head } from './head/Head';
import { MatrixView } from './matrix/MatrixView';
import { Reading } from './Reading';
import { TableView } from './tables/TableView';
import { Variants } from './variants/Variants';

export interface IContentsProps {
  dataset: IDatasetRef;
  record: DatasetRecord;
  version: VersionRecord;
}

export type ContentsList = NonNullable<Preview['contents']>;

export function Contents({ dataset, version }: IContentsProps) {
  const t = useWords();
  return (
    <Reading
      // Another version is other data: what was chosen in one is not carried into it.
      key={version.version_id}
      className="omicshelf-contents"
      version={version}
      query={{ kind: 'list' }}
      label={t('Reading what is in the data')}
      part={preview => preview.contents}
      skeleton={<Skeleton rows={8} height={24} lines={1} />}
    >
      {(list, { format }) => (
        <View dataset={dataset} version={version} list={list} format={format} />
      )}
    </Reading>
  );
}

interface IViewProps {
  dataset: IDatasetRef;
  version: VersionRecord;
  list: ContentsList;
  format: string;
}

const VARIANTS = /^(g?vcf|bcf)\b/; // also `vcf.gz`

/** The view that the kind of data has. */
function View({ dataset, version, list, format }: IViewProps) {
  const { kinds, modalities = [] } = list;
  if (kinds.includes('embedding')) {
    return <Cells dataset={dataset} version={version} modalities={modalities} />;
  }
  if (modalities.length) {
    return <MatrixView version={version} modalities={modalities} />;
  }
  if (kinds.includes('table')) {
    return <TableView version={version} tables={list.tables ?? []} sheets={list.sheets ?? []} />;
  }
  return VARIANTS.test(format) ? <Variants version={version} /> : <Head version={version} />;
}
