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
  const busy = new BusyNotices(shared);
  return new LabKernels({
    targets,
    settings: shared.settings,
    t: shared.t,
    openNotebook: path => openNotebook(app, path),
    show: place => app.shell.activateById(place.id),
    onBusy: (target, cancel) => busy.wait(target, cancel)
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

// The first question imports the package, which takes its time; a cell that runs may take longer.
const SAID_AFTER = { busy: 300, idle: 1500 };

/** Says that kernels are busy, once for each, however much waits for it. */
class BusyNotices {
  constructor(private readonly _shared: IShared) {}

  /** Something waits for a kernel; the function says that it waits no more. */
  wait(target: IKernelTarget, cancel: () => void): () => void {
    const notice = this._notices.get(target.id) ?? this._begin(target);
    notice.cancels.add(cancel);
    return () => {
      notice.cancels.delete(cancel);
      if (notice.cancels.size === 0) {
        this._end(target.id);
      }
    };
  }

  private _begin(target: IKernelTarget): INotice {
    const cancels = new Set<() => void>();
    // Nothing is shown for a moment's work.
    const timer = setTimeout(
      () => {
        const { t } = this._shared;
        const text = t('The kernel of {place} is busy. What you asked for comes next.', {
          place: target.title
        });
        notice.shown = Notification.emit(text, 'in-progress', {
          autoClose: false,
          actions: [{ label: t('Cancel'), callback: () => cancels.forEach(cancel => cancel()) }]
        });
      },
      SAID_AFTER[target.status === 'busy' ? 'busy' : 'idle']
    );
    const notice: INotice = { cancels, timer, shown: null };
    this._notices.set(target.id, notice);
    return notice;
  }

  private _end(id: string): void {
    const notice = this._notices.get(id);
    this._notices.delete(id);
    clearTimeout(notice?.timer);
    if (notice?.shown) {
      Notification.dismiss(notice.shown);
    }
  }

  private readonly _notices = new Map<string, INotice>();
}

interface INotice {
  cancels: Set<() => void>;
  timer: ReturnType<typeof setTimeout>;
  shown: string | null;
}
