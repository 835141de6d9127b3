/** The kernels of JupyterLab, wired to its commands. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';

import type { IShared } from '../host';
import { LabKernels } from './kernels';
import { type IKernelTarget, type Place, Targets } from './targets';

export function makeKernels(
  app: JupyterFrontEnd,
  notebooks: INotebookTracker,
  shared: IShared
): LabKernels {
  const targets = new Targets(app, notebooks);
  return new LabKernels({
    targets,
    settings: shared.settings,
    t: shared.t,
    openNotebook: path => openNotebook(app, path),
    show: place => app.shell.activateById(place.id),
    onBusy: (target, cancel) => tellBusy(shared, target, cancel)
  });
}

/** Open a notebook, or a new one with a Python kernel; null where this shell shows it elsewhere. */
async function openNotebook(app: JupyterFrontEnd, path: string | undefined): Promise<Place | null> {
  const opened: unknown = path
    ? await app.commands.execute('docmanager:open', { path })
    : await app.commands.execute('notebook:create-new', { kernelName: await pythonOf(app) });
  const panel = opened as NotebookPanel | null | undefined;
  if (!panel?.context || !panel.sessionContext) {
    return null;
  }
  await panel.context.ready;
  await panel.sessionContext.ready;
  return panel;
}

/** Give the name of a kernel that runs Python: the default one if it does. */
async function pythonOf(app: JupyterFrontEnd): Promise<string | undefined> {
  const { kernelspecs } = app.serviceManager;
  await kernelspecs.ready;
  const specs = kernelspecs.specs;
  const all = Object.values(specs?.kernelspecs ?? {});
  const isPython = (name: string | undefined) =>
    all.some(spec => spec?.name === name && spec?.language.toLowerCase() === 'python');
  return isPython(specs?.default) ? specs?.default : all.find(spec => isPython(spec?.name))?.name;
}

/** Say that a cell runs, and offer to give up; nothing is shown for a moment's work. */
function tellBusy(shared: IShared, target: IKernelTarget, cancel: () => void): () => void {
  let id: string | null = null;
  const timer = setTimeout(() => {
    const text = shared.t('{place} is running a cell. What you asked for comes next.', {
      place: target.title
    });
    id = Notification.emit(text, 'in-progress', {
      autoClose: false,
      actions: [{ label: shared.t('Cancel'), callback: cancel }]
    });
  }, SAID_AFTER);
  return () => {
    clearTimeout(timer);
    if (id) {
      Notification.dismiss(id);
    }
  };
}

const SAID_AFTER = 300;
