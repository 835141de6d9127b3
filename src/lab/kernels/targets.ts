/** The places that code can go to: open notebooks and consoles, and kernels that still run. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ISessionContext } from '@jupyterlab/apputils';
import type { INotebookTracker, NotebookPanel } from '@jupyterlab/notebook';
import type { Kernel, Session } from '@jupyterlab/services';
import { Signal } from '@lumino/signaling';
import type { Widget } from '@lumino/widgets';

import type { ITarget } from '../../components/host';

/** What of a console is used: its extension need not be there. */
export interface IConsole extends Widget {
  readonly sessionContext: ISessionContext;
  readonly console: {
    inject(code: string): Promise<void>;
    readonly promptCell: { model: { sharedModel: { setSource(code: string): void } } } | null;
  };
}

export type Place = NotebookPanel | IConsole;

export interface IKernelTarget extends ITarget {
  /** Where it is shown; null of a kernel whose notebook is closed. */
  readonly place: Place | null;
  /** The path of the notebook or the console. */
  readonly path: string;
}

export class Targets {
  constructor(
    private readonly _app: JupyterFrontEnd,
    notebooks: INotebookTracker | null
  ) {
    notebooks?.widgetAdded.connect((_, panel) => this._follow(panel));
    notebooks?.currentChanged.connect((_, panel) => panel && this._activated(panel));
    notebooks?.forEach(panel => this._follow(panel));
    this._last = notebooks?.currentWidget ?? null;
    const shell = _app.shell;
    shell.currentChanged?.connect(() => {
      const widget = shell.currentWidget;
      if (widget && isConsole(widget)) {
        this._follow(widget);
        this._activated(widget);
      }
    });
    _app.serviceManager.sessions.runningChanged.connect(() => this._update());
    _app.serviceManager.kernelspecs.specsChanged.connect(() => this._update());
    this._update();
  }

  readonly changed = new Signal<this, void>(this);

  /** The one that was last active, or was chosen since. */
  get current(): IKernelTarget | null {
    return this._current;
  }

  /** All there are, the current one first. */
  get all(): readonly IKernelTarget[] {
    return this._all;
  }

  choose(id: string): void {
    this._chosen = id;
    this._update();
  }

  find(id: string): IKernelTarget | null {
    return this._all.find(target => target.id === id) ?? null;
  }

  /** Give the target of a place, which may have been opened just now. */
  of(place: Place): IKernelTarget {
    this._follow(place);
    this._update();
    return this._all.find(target => target.place === place) ?? this._targetOf(place);
  }

  languageOf(name: string | undefined): string {
    const specs = this._app.serviceManager.kernelspecs.specs?.kernelspecs;
    return (name && specs?.[name]?.language.toLowerCase()) || '';
  }

  private _follow(place: Place): void {
    if (this._places.has(place)) {
      return;
    }
    this._places.add(place);
    const update = () => this._update();
    place.sessionContext.statusChanged.connect(update);
    place.sessionContext.kernelChanged.connect(update);
    place.sessionContext.propertyChanged.connect(update);
    place.disposed.connect(() => {
      this._places.delete(place);
      update();
    });
    update();
  }

  private _activated(place: Place): void {
    this._last = place;
    this._chosen = null;
    this._update();
  }

  private _update(): void {
    const open = [...this._places]
      .filter(place => !place.isDisposed)
      .map(place => this._targetOf(place));
    const shown = new Set(open.map(target => target.path));
    const running = [...this._app.serviceManager.sessions.running()]
      .filter(session => session.kernel && !shown.has(session.path))
      .map(session => this._runningTarget(session));
    const all = [...open, ...running].map(target => this._kept(target));
    const current =
      all.find(target => target.id === this._chosen) ??
      all.find(target => target.place !== null && target.place === this._last) ??
      // The last one was closed: another one that is open.
      all.find(target => target.place !== null) ??
      null;
    const ordered = current ? [current, ...all.filter(target => target !== current)] : all;
    const isSame =
      ordered.length === this._all.length && ordered.every((one, i) => one === this._all[i]);
    if (isSame && current === this._current) {
      return;
    }
    this._all = ordered;
    this._current = current;
    this.changed.emit();
  }

  /** Give the object of before where nothing has changed: who looks at it sees that. */
  private _kept(target: IKernelTarget): IKernelTarget {
    const before = this._all.find(other => other.id === target.id);
    const keys = Object.keys(target) as (keyof IKernelTarget)[];
    return before && keys.every(key => before[key] === target[key]) ? before : target;
  }

  private _targetOf(place: Place): IKernelTarget {
    const { sessionContext } = place;
    const kernel = sessionContext.session?.kernel ?? null;
    return {
      id: place.id,
      title: sessionContext.name || place.title.label,
      kernel: kernel ? sessionContext.kernelDisplayName : '',
      language: this.languageOf(kernel?.name),
      status: kernel ? statusOf(kernel.status) : starting(sessionContext),
      place,
      path: sessionContext.path
    };
  }

  private _runningTarget(session: Session.IModel): IKernelTarget {
    const name = session.kernel?.name ?? '';
    const specs = this._app.serviceManager.kernelspecs.specs?.kernelspecs;
    return {
      id: session.id,
      title: session.name || session.path,
      kernel: specs?.[name]?.display_name ?? name,
      language: this.languageOf(name),
      status: statusOf(session.kernel?.execution_state ?? 'unknown'),
      place: null,
      path: session.path
    };
  }

  private readonly _places = new Set<Place>();
  private _last: Place | null;
  private _chosen: string | null = null;
  private _current: IKernelTarget | null = null;
  private _all: readonly IKernelTarget[] = [];
}

/** Give the kernel of a place once it is there; null where it has none. */
export async function kernelOf(place: Place): Promise<Kernel.IKernelConnection | null> {
  await place.sessionContext.ready;
  return place.sessionContext.session?.kernel ?? null;
}

export function isConsole(widget: Widget): widget is IConsole {
  const found = widget as Widget & Partial<Omit<IConsole, keyof Widget>>;
  return typeof found.console?.inject === 'function' && found.sessionContext !== undefined;
}

function starting(context: ISessionContext): ITarget['status'] {
  return context.hasNoKernel ? 'dead' : 'starting';
}

function statusOf(status: string): ITarget['status'] {
  switch (status) {
    case 'idle':
    case 'busy':
    case 'dead':
      return status;
    case 'starting':
    case 'restarting':
    case 'autorestarting':
      return 'starting';
    default:
      return 'unknown';
  }
}
