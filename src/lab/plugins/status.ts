/** The status bar: which atlas, and whether the catalog answers. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IStatusBar } from '@jupyterlab/statusbar';

import type { LabCatalog } from '../catalog';
import { StatusItem } from '../status';
import { COMMANDS, ICatalog } from '../tokens';

export const statusPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omicshelf:status',
  description: 'The atlas and the connection in the status bar.',
  autoStart: true,
  requires: [ICatalog],
  optional: [IStatusBar],
  activate: (app: JupyterFrontEnd, catalog: ICatalog, bar: IStatusBar | null) => {
    if (!bar) {
      return;
    }
    const { shared, panel } = catalog as LabCatalog;
    const item = new StatusItem(shared, panel, () => void app.commands.execute(COMMANDS.show));
    bar.registerStatusItem('omicshelf:status', { item, align: 'left', rank: 20 });
  }
};
