/** Files and folders of the file browser, into the catalog. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { IFileBrowserFactory } from '@jupyterlab/filebrowser';

import type { LabCatalog } from '../catalog';
import { type Listed, addCode, listedFile, needsKernel, readFiles } from '../files';
import { shelfIcon } from '../icon';
import { COMMANDS, ICatalog } from '../tokens';

const ITEMS = '.jp-DirListing-item[data-isdir]';
const FILES = '.jp-DirListing-item[data-isdir="false"]';

export const fileBrowserPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omicshelf:filebrowser',
  description: 'Adds files and folders of the file browser to the catalog.',
  autoStart: true,
  requires: [ICatalog],
  optional: [IFileBrowserFactory],
  activate: (app: JupyterFrontEnd, found: ICatalog, factory: IFileBrowserFactory | null) => {
    if (!factory) {
      return;
    }
    const catalog = found as LabCatalog;
    const { t } = catalog.shared;
    const chosen = (): Listed[] => [...(factory.tracker.currentWidget?.selectedItems() ?? [])];
    const args = { type: 'object', properties: {} };
    app.commands.addCommand(COMMANDS.addFiles, {
      label: t('Add to catalog…'),
      icon: shelfIcon,
      describedBy: { args },
      isVisible: () => catalog.rights.mayWrite && chosen().length > 0,
      execute: () => catalog.told(() => addItems(catalog, chosen()))
    });
    app.commands.addCommand(COMMANDS.attachFiles, {
      label: t('Attach to dataset…'),
      icon: shelfIcon,
      describedBy: { args },
      isVisible: () =>
        catalog.rights.mayWrite &&
        chosen().length > 0 &&
        chosen().every(item => item.type !== 'directory'),
      execute: () => catalog.told(() => attachItems(catalog, chosen()))
    });
    // Below "Open" and "Open With", above what removes.
    app.contextMenu.addItem({ command: COMMANDS.addFiles, selector: ITEMS, rank: 2.5 });
    app.contextMenu.addItem({ command: COMMANDS.attachFiles, selector: FILES, rank: 2.6 });
  }
};

async function addItems(catalog: LabCatalog, items: readonly Listed[]): Promise<void> {
  const [onDisk, small] = apart(items);
  if (small.length) {
    const { contents, serverSettings } = catalog.app.serviceManager;
    const files = await readFiles(contents, serverSettings, small);
    (await catalog.sidebar())?.add(files);
  }
  if (onDisk.length) {
    await inKernel(catalog, addCode(await catalog.atlas(), onDisk));
  }
}

/** Ask for the dataset; what the files have is read part by part as they are sent. */
async function attachItems(catalog: LabCatalog, items: readonly Listed[]): Promise<void> {
  const { contents, serverSettings } = catalog.app.serviceManager;
  const files = await Promise.all(items.map(item => listedFile(contents, serverSettings, item)));
  // Who looks at a dataset attaches to it more often than not.
  const shown = catalog.documents.tracker.currentWidget?.content.subject;
  catalog.layer.attachFiles({
    files,
    dataset: shown
      ? { atlas: shown.atlas, id: shown.id }
      : { atlas: await catalog.atlas(), id: '' },
    onAttach: dataset => void catalog.open(dataset, 'files')
  });
}

/** Put code into a notebook, to be looked at and run: what is large is not sent twice. */
async function inKernel(catalog: LabCatalog, code: string): Promise<void> {
  const { t, host } = catalog.shared;
  if (!catalog.kernels) {
    host.notify({
      kind: 'info',
      text: t('Large files and folders are added by Python'),
      detail: code
    });
    return;
  }
  await catalog.kernels.insert(code);
  host.notify({
    kind: 'info',
    text: t('The code is in your notebook: run its cell'),
    detail: t('Large files and folders are read from the disk, and not sent through the browser.')
  });
}

function apart(items: readonly Listed[]): [Listed[], Listed[]] {
  return [items.filter(needsKernel), items.filter(item => !needsKernel(item))];
}
