/** What is shown where: the components' rooms, each read when it is first wanted. */

import type { IDatasetRef } from '../api/records';
import { AtlasList } from '../components/AtlasList';
import { useHost } from '../components/base';
import { useDataset } from '../components/data';
import type { DocumentTab } from '../components/host';

/** The sidebar. */
export function PanelRoom() {
  const { client, t } = useHost();
  return <AtlasList client={client} t={t} />;
}

export interface IDocumentRoomProps {
  dataset: IDatasetRef;
  tab: DocumentTab;
  onTab(tab: DocumentTab): void;
  onVersion(version: string): void;
}

/** The document of a dataset. */
export function DocumentRoom({ dataset }: IDocumentRoomProps) {
  const found = useDataset(dataset);
  return <h2>{found.data?.record.dataset_id ?? found.error?.message}</h2>;
}
