/** What other extensions may use. */

import { Token } from '@lumino/coreutils';

import type { CatalogClient } from '../api/client';
import type { IDatasetRef } from '../api/records';
import type { DocumentTab } from '../components/host';

/** The catalog of datasets in JupyterLab. */
export interface ICatalog {
  /** The REST interface of the catalog, as methods. */
  readonly client: CatalogClient;
  /** Show a dataset, at one of the tabs of its document. */
  open(ref: IDatasetRef, tab?: DocumentTab): Promise<void>;
  /**
   * Load a dataset into the kernel of the notebook that was last active, or ask where to.
   *
   * What goes wrong is told to the person.
   */
  load(ref: IDatasetRef): Promise<void>;
}

export const ICatalog = new Token<ICatalog>(
  'omicshelf:ICatalog',
  'The catalog of datasets: show one, load one.'
);

/** The ids of the commands; each is in the command palette too. */
export const COMMANDS = {
  show: 'omicshelf:show',
  search: 'omicshelf:search',
  open: 'omicshelf:open',
  load: 'omicshelf:load',
  insert: 'omicshelf:insert-code',
  add: 'omicshelf:add',
  addFiles: 'omicshelf:add-files',
  attachFiles: 'omicshelf:attach-files',
  refresh: 'omicshelf:refresh'
} as const;
