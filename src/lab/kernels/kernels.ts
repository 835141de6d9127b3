/** Kernels to load into and to save from: those of JupyterLab's notebooks and consoles. */

import type { Kernel } from '@jupyterlab/services';

import { CatalogError } from '../../api/errors';
import type { IDatasetRef, VersionRecord } from '../../api/records';
import type {
  IKernels,
  ILoadPlan,
  ILoadWish,
  ILoaded,
  ISaveWish,
  ISaved,
  ISettings,
  IVariable,
  LoadObstacle
} from '../../components/host';
import type { Translate } from '../../components/words';
import { hasCell, insertCode, runCode } from './cells';
import { INSTALL, type ILoadCode, importsCatalog, loadCode, loadLine } from './code';
import { isIdentifier, proposedNames } from './names';
import { type ITold, Obstructed, obstacleOf, wordsOf } from './obstacles';
import { codeOf, named, planInR, planWithout, wayOf } from './plans';
import { NotInstalled, ask } from './question';
import { savable, saveFrom } from './saving';
import { type IKernelTarget, type Place, type Targets, isConsole, kernelOf } from './targets';

const PYTHON = 'python';

export interface IKernelOptions {
  targets: Targets;
  settings: ISettings;
  t: Translate;
  /** Open a notebook: a new one where no path is given; null where this shell cannot. */
  openNotebook: (path?: string) => Promise<Place | null>;
  /** Bring a place to the front. */
  show: (place: Place) => void;
  /** A kernel is waited for: say so, and offer to give up; the function ends that. */
  onBusy: (target: IKernelTarget, cancel: () => void) => () => void;
}

export class LabKernels implements IKernels {
  constructor(private readonly _options: IKernelOptions) {}

  get current(): IKernelTarget | null {
    return this._options.targets.current;
  }

  get all(): readonly IKernelTarget[] {
    return this._options.targets.all;
  }

  choose(id: string): void {
    this._options.targets.choose(id);
  }

  changed(listener: () => void): () => void {
    const { changed } = this._options.targets;
    changed.connect(listener);
    return () => changed.disconnect(listener);
  }

  // -- into a kernel

  async plan(ref: IDatasetRef, record: VersionRecord, wish: ILoadWish): Promise<ILoadPlan> {
    const target = this._wanted(wish);
    if (!target) {
      return planWithout(ref, record, wish, this._options.settings);
    }
    const language = target.language || PYTHON;
    if (language !== PYTHON) {
      return planInR(ref, record, wish, this._options.settings, language);
    }
    const { place } = target;
    if (!place) {
      // Its notebook is opened when it is loaded into, and not for being asked.
      return { ...planWithout(ref, record, wish, this._options.settings), obstacle: null };
    }
    const kernel = await kernelOf(place);
    if (!kernel || kernel.status === 'dead') {
      return {
        ...planWithout(ref, record, wish, this._options.settings),
        obstacle: { kind: 'dead' }
      };
    }
    try {
      const told = await this._told(kernel, target, ref, record, wish);
      const code = loadCode(
        codeOf(ref, record, wish, this._options.settings, told.variable),
        isImported(place, told.imported)
      );
      return {
        variable: told.variable,
        code,
        memory: told.memory,
        freeMemory: told.free_memory,
        ways: told.ways,
        shape: told.shape,
        obstacle: obstacleOf(told, wish)
      };
    } catch (reason) {
      if (reason instanceof NotInstalled) {
        const obstacle: LoadObstacle = { kind: 'not-installed', install: INSTALL };
        return { ...planWithout(ref, record, wish, this._options.settings), obstacle };
      }
      throw reason;
    }
  }

  async load(ref: IDatasetRef, record: VersionRecord, wish: ILoadWish): Promise<ILoaded> {
    const how = wish.how ?? this._options.settings.onLoad;
    const place = await this._placeFor(wish);
    const target = this._options.targets.of(place);
    const language = target.language || PYTHON;
    if (language !== PYTHON) {
      return this._loadInR(ref, record, wish, target, how);
    }
    if (how === 'insert' && target.status === 'busy') {
      // Whoever writes a cell need not wait for another one to end.
      const { variable } = planWithout(ref, record, wish, this._options.settings);
      return this._inserted(
        target,
        codeOf(ref, record, wish, this._options.settings, variable),
        false
      );
    }
    const kernel = await kernelOf(place);
    if (!kernel || kernel.status === 'dead') {
      throw this._obstructed({ kind: 'dead' });
    }
    return this._load(kernel, target, ref, record, { ...wish, how });
  }

  /** Put code into a new cell below the active one, or at the end of the console, and show it. */
  async insert(code: string): Promise<void> {
    const place = await this._placeFor({});
    insertCode(place, code);
    this._options.show(place);
  }

  private async _load(
    kernel: Kernel.IKernelConnection,
    target: IKernelTarget,
    ref: IDatasetRef,
    record: VersionRecord,
    wish: ILoadWish
  ): Promise<ILoaded> {
    const place = target.place!;
    const told = await this._told(kernel, target, ref, record, wish).catch((reason: unknown) => {
      throw reason instanceof NotInstalled
        ? this._obstructed({ kind: 'not-installed', install: INSTALL })
        : reason;
    });
    const obstacle = obstacleOf(told, wish);
    if (obstacle) {
      throw this._obstructed(obstacle);
    }
    wish.signal?.throwIfAborted();
    const line = codeOf(ref, record, wish, this._options.settings, told.variable);
    const { variable } = told;
    if (wish.how === 'insert') {
      return this._inserted(target, line, told.imported);
    }
    if (wish.how === 'silent') {
      const { holds } = await ask<{ holds: string }>(kernel, 'load', {
        ...named(ref, record),
        variable,
        ...wayOf(wish),
        overwrite: wish.overwrite ?? false
      });
      return { target, variable, holds, code: loadLine(line) };
    }
    const code = loadCode(line, isImported(place, told.imported));
    await runCode(place, code);
    // It may have been restarted meanwhile: what is read is what is there now.
    const { holds } = await ask<{ holds: string }>(kernel, 'holds', { variable });
    return { target, variable, holds, code };
  }

  private _inserted(target: IKernelTarget, line: ILoadCode, imported: boolean): ILoaded {
    const place = target.place!;
    const code = loadCode(line, isImported(place, imported));
    insertCode(place, code);
    this._options.show(place);
    return { target, variable: line.variable, holds: null, code };
  }

  private _told(
    kernel: Kernel.IKernelConnection,
    target: IKernelTarget,
    ref: IDatasetRef,
    record: VersionRecord,
    wish: ILoadWish
  ): Promise<ITold> {
    const { variable } = wish;
    if (variable !== undefined && !isIdentifier(variable)) {
      throw new CatalogError(
        this._options.t("'{name}' cannot be the name of a variable.", { name: variable }),
        this._options.t('Letters, digits and _, not first a digit.'),
        'Invalid',
        0
      );
    }
    const args = {
      ...named(ref, record),
      prefer: proposedNames(record, this._options.settings.variableNaming),
      variable: variable ?? null,
      ...wayOf(wish)
    };
    return this._whenFree(target, wish.signal, signal => ask<ITold>(kernel, 'plan', args, signal));
  }

  /** Wait for the kernel, saying so, for as long as nobody gives up. */
  private async _whenFree<T>(
    target: IKernelTarget,
    given: AbortSignal | undefined,
    work: (signal: AbortSignal) => Promise<T>
  ): Promise<T> {
    const control = new AbortController();
    const giveUp = () => control.abort(given?.reason);
    given?.addEventListener('abort', giveUp, { once: true });
    const done = this._options.onBusy(target, () => control.abort());
    try {
      return await work(control.signal);
    } finally {
      done();
      given?.removeEventListener('abort', giveUp);
    }
  }

  // -- where there is no Python

  private async _loadInR(
    ref: IDatasetRef,
    record: VersionRecord,
    wish: ILoadWish,
    target: IKernelTarget,
    how: ISettings['onLoad']
  ): Promise<ILoaded> {
    const plan = planInR(ref, record, wish, this._options.settings, target.language);
    if (plan.obstacle?.kind !== 'language' || plan.obstacle.code === null) {
      throw this._obstructed(plan.obstacle!);
    }
    // What R has loaded is not read back: it may run whatever it is told.
    if (how === 'run') {
      await runCode(target.place!, plan.code);
    } else {
      insertCode(target.place!, plan.code);
      this._options.show(target.place!);
    }
    return { target, variable: plan.variable, holds: null, code: plan.code };
  }

  // -- out of a kernel

  async variables(): Promise<IVariable[]> {
    const { current } = this;
    return isPython(current) ? savable(current) : [];
  }

  save(wish: ISaveWish): Promise<ISaved> {
    return saveFrom(this.current, wish, this._options.t);
  }

  /** Add the example that comes with scanpy, by a kernel; give it, to be loaded there. */
  async addExample(atlas: string): Promise<{ target: IKernelTarget; id: string; version: string }> {
    const place = await this._placeFor(this.current ? {} : { target: 'new' });
    const kernel = await kernelOf(place);
    if (!kernel) {
      throw this._obstructed({ kind: 'dead' });
    }
    const told = await ask<{ dataset_id: string; version_id: string }>(kernel, 'add_example', {
      atlas
    });
    const target = this._options.targets.of(place);
    return { target, id: told.dataset_id, version: told.version_id };
  }

  // -- places

  private _wanted(wish: ILoadWish): IKernelTarget | null {
    if (wish.target === 'new') {
      return null;
    }
    return wish.target ? this._options.targets.find(wish.target) : this.current;
  }

  /** Give the place for a load; with none open, a new notebook. */
  private async _placeFor(wish: ILoadWish): Promise<Place> {
    const target = this._wanted(wish);
    return target ? this._placeOf(target) : this._opened();
  }

  private _placeOf(target: IKernelTarget): Promise<Place> {
    return target.place ? Promise.resolve(target.place) : this._opened(target.path);
  }

  private async _opened(path?: string): Promise<Place> {
    const place = await this._options.openNotebook(path);
    if (!place) {
      throw this._obstructed({ kind: 'no-kernel' });
    }
    this._options.show(place);
    return place;
  }

  private _obstructed(obstacle: LoadObstacle): Obstructed {
    const [title, detail] = wordsOf(obstacle, this._options.t);
    return new Obstructed(title, detail, obstacle);
  }
}

/** Whether a target is there that runs Python, or does not say yet what it runs. */
function isPython(target: IKernelTarget | null): target is IKernelTarget {
  return target !== null && (target.language || PYTHON) === PYTHON;
}

/** Whether the import need not be written: a notebook has to run again from its top. */
function isImported(place: Place, inKernel: boolean): boolean {
  return inKernel && (isConsole(place) || hasCell(place, importsCatalog));
}
