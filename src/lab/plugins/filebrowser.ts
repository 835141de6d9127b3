/** Files and folders of the file browser, into the catalog. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { ICatalog } from '../tokens';

export const fileBrowserPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omicshelf:filebrowser',
  description: 'Adds files and folders to the catalog.',
  autoStart: true,
  requires: [ICatalog],
  activate: (_app: JupyterFrontEnd, _catalog: ICatalog) => undefined
};
