/** Which dataset the page shows, in its address: `?omicshelf=atlas/dataset@version&tab=files`. */

import type { IDatasetRef } from '../api/records';
import type { DocumentTab } from '../components/host';

export interface IPlace {
  dataset: IDatasetRef;
  tab: DocumentTab;
}

const TABS: readonly string[] = ['overview', 'contents', 'versions', 'files', 'lineage'];

/** Read a place from the query of an address; null where it names none. */
export function placeOf(search: string): IPlace | null {
  const query = new URLSearchParams(search);
  const found = /^(.+)\/([^/@]+)(?:@(.+))?$/.exec(query.get('omicshelf') ?? '');
  if (!found) {
    return null;
  }
  const [, atlas, id, version] = found;
  const tab = query.get('tab') ?? '';
  return {
    dataset: version ? { atlas, id, version } : { atlas, id },
    tab: TABS.includes(tab) ? (tab as DocumentTab) : 'overview'
  };
}

/** Write a place as the query of an address. */
export function queryOfPlace(place: IPlace | null): string {
  if (!place) {
    return '';
  }
  const { atlas, id, version } = place.dataset;
  const query = new URLSearchParams({ omicshelf: `${atlas}/${id}${version ? `@${version}` : ''}` });
  if (place.tab !== 'overview') {
    query.set('tab', place.tab);
  }
  return `?${query.toString()}`;
}
