/** The kernel of the notebook that a widget is in: loads go into its variables. */

import { errorOf } from '../api/errors';
import type { IDatasetRef, VersionRecord } from '../api/records';
import type { Method } from '../api/transport';
import {
  type IKernels,
  type ILoaded,
  type ILoadPlan,
  type ILoadWish,
  type ISaved,
  type ISaveWish,
  type ITarget,
  type IVariable,
  type LoadAs,
  type LoadObstacle,
  SaveConflict
} from '../components/host';
import type { Translate } from '../components/words';
import type { KernelTransport } from './transport';

interface IPlanAnswer {
  variable: string;
  code: string;
  memory: number | null;
  free_memory: number | null;
  ways: LoadAs[];
  shape: [number | null, number | null];
  obstacle:
    | { kind: 'exists'; variable: string; holds: string; free: string }
    | { kind: 'large'; memory: number; free_memory: number }
    | null;
}

interface IVariableAnswer extends Omit<IVariable, 'loadedFrom'> {
  loaded_from: IVariable['loadedFrom'];
}

interface IConflictAnswer {
  newest: VersionRecord;
  based_on: string | null;
  theirs: string[];
  mine: string[];
}

export class WidgetKernels implements IKernels {
  constructor(
    private readonly _transport: KernelTransport,
    private readonly _t: Translate
  ) {}

  get current(): ITarget | null {
    const { state } = this._transport;
    return {
      id: 'own',
      title: this._t('this notebook'),
      kernel: 'Python',
      language: 'python',
      status: state === 'gone' ? 'dead' : state === 'busy' ? 'busy' : 'idle'
    };
  }

  get all(): readonly ITarget[] {
    return this.current ? [this.current] : [];
  }

  choose(): void {
    // There is no other: a widget lives in its kernel.
  }

  changed(listener: () => void): () => void {
    return this._transport.onState(listener);
  }

  async plan(ref: IDatasetRef, record: VersionRecord, wish: ILoadWish): Promise<ILoadPlan> {
    const told = await this._ask<IPlanAnswer>(
      'POST',
      'plan',
      wished(ref, record, wish),
      wish.signal
    );
    return {
      variable: told.variable,
      code: told.code,
      memory: told.memory,
      freeMemory: told.free_memory,
      ways: told.ways,
      shape: told.shape,
      obstacle: obstacleOf(told, wish)
    };
  }

  async load(ref: IDatasetRef, record: VersionRecord, wish: ILoadWish): Promise<ILoaded> {
    const told = await this._ask<{ variable: string; code: string; holds: string }>(
      'POST',
      'load',
      wished(ref, record, wish)
    );
    return { target: this.current!, ...told };
  }

  async variables(): Promise<IVariable[]> {
    const told = await this._ask<{ variables: IVariableAnswer[] }>('GET', 'variables');
    return told.variables.map(({ loaded_from, ...rest }) => ({ ...rest, loadedFrom: loaded_from }));
  }

  async save(wish: ISaveWish): Promise<ISaved> {
    const { variable, atlas, id, message } = wish;
    const { status, body, headers } = await this._transport.request({
      method: 'POST',
      path: '/kernel/save',
      body: {
        variable,
        atlas,
        id,
        message,
        create: wish.create && {
          data_type: wish.create.dataType,
          title: wish.create.title ?? null,
          study: wish.create.study ?? null
        },
        expected_version: wish.expectedVersion ?? null,
        dry_run: wish.dryRun ?? false
      }
    });
    const told = body as ISaved & Partial<IConflictAnswer>;
    if (status === 409 && told.newest) {
      const { newest, based_on = null, theirs = [], mine = [] } = told;
      throw new SaveConflict(newest, based_on, theirs, mine);
    }
    if (status >= 300) {
      throw errorOf(status, body, headers);
    }
    return told;
  }

  private async _ask<T>(
    method: Method,
    name: string,
    body?: unknown,
    signal?: AbortSignal
  ): Promise<T> {
    const path = `/kernel/${name}`;
    const found = await this._transport.request({ method, path, body, signal });
    if (found.status >= 300) {
      throw errorOf(found.status, found.body, found.headers);
    }
    return found.body as T;
  }
}

function wished(ref: IDatasetRef, record: VersionRecord, wish: ILoadWish) {
  return {
    atlas: ref.atlas,
    id: ref.id,
    version: record.version_id,
    variable: wish.variable || null,
    as: wish.as ?? 'memory',
    part: wish.as === 'part' ? (wish.part ?? {}) : null,
    overwrite: wish.overwrite ?? false
  };
}

function obstacleOf({ obstacle }: IPlanAnswer, wish: ILoadWish): LoadObstacle | null {
  if (obstacle?.kind !== 'large') {
    return obstacle;
  }
  return wish.evenIfLarge
    ? null
    : { kind: 'large', memory: obstacle.memory, freeMemory: obstacle.free_memory };
}
