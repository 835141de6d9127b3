/** A kernel for tests of components: it plans as it is told, and keeps what was asked of it. */

import type {
  IKernels,
  ILoadPlan,
  ILoadWish,
  ISaved,
  ISaveWish,
  ITarget,
  IVariable,
  LoadObstacle
} from '../components/host';
import type { IDatasetRef, VersionRecord } from '../api/records';

export const NOTEBOOK: ITarget = {
  id: 'k1',
  title: 'analysis.ipynb',
  kernel: 'Python 3',
  language: 'python',
  status: 'idle'
};

export class TestKernels implements IKernels {
  current: ITarget | null = NOTEBOOK;
  all: readonly ITarget[] = [NOTEBOOK];
  /** What stands against a load, given what is wished. */
  obstacle: (wish: ILoadWish) => LoadObstacle | null = () => null;
  loads: ILoadWish[] = [];
  saves: ISaveWish[] = [];
  known: IVariable[] = [];
  /** What a save ends with. */
  saved: (wish: ISaveWish) => Promise<ISaved> = () =>
    Promise.resolve({ version: 'v4', changes: [] });

  inserted: string[] = [];
  /** Undefined in a widget. */
  insert?: (code: string) => Promise<void> = code => {
    this.inserted.push(code);
    return Promise.resolve();
  };

  choose(id: string): void {
    this.current = this.all.find(target => target.id === id) ?? null;
    this._listeners.forEach(listener => listener());
  }

  changed(listener: () => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  plan(ref: IDatasetRef, record: VersionRecord, wish: ILoadWish): Promise<ILoadPlan> {
    const variable = wish.variable ?? 'adata';
    const later = wish.as === 'backed' || wish.as === 'lazy';
    const as = later ? `, ${wish.as}=True` : wish.as ? `, ${JSON.stringify(wish.part ?? {})}` : '';
    return Promise.resolve({
      variable,
      code: `${variable} = Catalog("${ref.atlas}").load("${ref.id}", version="v${record.seq}"${as})`,
      memory: later ? 400_000 : wish.part ? 2_000_000 : 5_000_000,
      freeMemory: 11e9,
      ways: ['memory', 'backed', 'lazy', 'part'],
      shape: wish.part?.obs ? [26, wish.part.var?.length ?? 30] : [60, 30],
      obstacle: this.obstacle(wish)
    });
  }

  load(_ref: IDatasetRef, _record: VersionRecord, wish: ILoadWish) {
    this.loads.push(wish);
    return Promise.resolve({
      target: NOTEBOOK,
      variable: wish.variable ?? 'adata',
      holds: wish.how === 'insert' ? null : 'AnnData 60 × 30',
      code: ''
    });
  }

  variables(): Promise<IVariable[]> {
    return Promise.resolve(this.known);
  }

  save(wish: ISaveWish): Promise<ISaved> {
    this.saves.push(wish);
    return wish.dryRun
      ? Promise.resolve({ version: null, changes: ['+1 obs column `cell_state` (6 categories)'] })
      : this.saved(wish);
  }

  private readonly _listeners = new Set<() => void>();
}
