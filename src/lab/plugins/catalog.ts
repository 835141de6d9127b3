/** The plugin that makes the catalog: panel, documents, kernels. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { INotebookTracker } from '@jupyterlab/notebook';
import { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { IDatasetRef } from '../../api/records';
import type { DocumentTab, IHost } from '../../components/host';
import { LabCatalog } from '../catalog';
import { addCommands } from '../commands';
import { Documents } from '../documents';
import { tryExample } from '../example';
import { pathInLab } from '../files';
import { type IShared, share } from '../host';
import { makeKernels } from '../kernels/making';
import type { LabKernels } from '../kernels/kernels';
import { Layer } from '../layer';
import { markdownBy } from '../markdown';
import { Panel } from '../panel';
import { ICatalog } from '../tokens';

const PLUGIN = 'omicshelf:plugin';

export const catalogPlugin: JupyterFrontEndPlugin<ICatalog> = {
  id: PLUGIN,
  description: 'A versioned catalog for omics datasets: the panel and the documents.',
  autoStart: true,
  provides: ICatalog,
  optional: [ILayoutRestorer, INotebookTracker, ISettingRegistry, ITranslator, IRenderMimeRegistry],
  activate: async (
    app: JupyterFrontEnd,
    restorer: ILayoutRestorer | null,
    notebooks: INotebookTracker | null,
    registry: ISettingRegistry | null,
    translator: ITranslator | null,
    rendermime: IRenderMimeRegistry | null
  ): Promise<ICatalog> => {
    const trans = (translator ?? nullTranslator).load('omicshelf');
    const shared = share(app.serviceManager.serverSettings, trans);
    if (registry) {
      // Before anything is shown; where they cannot be read, the defaults hold.
      await shared.settings.follow(registry, PLUGIN).catch((reason: unknown) => {
        console.error('omicshelf: the settings could not be read.', reason);
      });
    }
    const kernels = notebooks && makeKernels(app, notebooks, shared);
    const catalog = made(app, shared, kernels, rendermime);
    addCommands(catalog);
    place(catalog, restorer);
    return catalog;
  }
};

function made(
  app: JupyterFrontEnd,
  shared: IShared,
  kernels: LabKernels | null,
  rendermime: IRenderMimeRegistry | null
): LabCatalog {
  const additions: Partial<IHost> = {
    open: (ref: IDatasetRef, tab?: DocumentTab) => void catalog.open(ref, tab),
    openNotebook: path => void app.commands.execute('docmanager:open', { path: pathInLab(path) }),
    ...(rendermime ? { renderMarkdown: markdownBy(rendermime) } : {}),
    ...(kernels ? { kernels, tryExample: atlas => tryExample(catalog, kernels, atlas) } : {})
  };
  const catalog: LabCatalog = new LabCatalog(
    app,
    shared,
    new Documents(app, shared, () => additions),
    new Panel(shared, additions),
    new Layer(shared, additions),
    kernels
  );
  return catalog;
}

function place(catalog: LabCatalog, restorer: ILayoutRestorer | null): void {
  const { app, panel, layer, documents } = catalog;
  app.shell.add(panel, 'left', { rank: 300, type: 'omicshelf' });
  restorer?.add(panel, Panel.ID);
  if (restorer) {
    documents.restore(restorer);
  }
  layer.attach();
}
