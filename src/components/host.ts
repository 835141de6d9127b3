/**
 * What the place can do in which the components are shown: JupyterLab, a notebook's widget, or a
 * web page. What a host cannot do is absent, and so is every button for it.
 */

import type { CatalogClient } from '../api/client';
import type { IFeed } from '../api/feed';
import type { IDatasetRef, VersionRecord } from '../api/records';
import type { Translate } from './words';

export interface IHost {
  readonly client: CatalogClient;
  readonly feed: IFeed;
  /** What is shown is translated by this; see {@link Translate}. */
  readonly t: Translate;
  /** Kernels to load into and save from; none on the web page. */
  readonly kernels?: IKernels;
  /** Open the document of a dataset, at one of its tabs. */
  open?(ref: IDatasetRef, tab?: DocumentTab): void;
  /** Tell something that goes away by itself; `undo` is offered for ten seconds. */
  notify(notice: INotice): void;
  /** Put text on the clipboard. */
  copy(text: string): Promise<void>;
  /** Remember something small between visits: recent searches, folded sections. */
  readonly memory: IMemory;
  /** Add a real dataset that comes with the installation, and open a notebook with it. */
  tryExample?(atlas: string): Promise<void>;
  /** Open a notebook at the cell that made a version, where it is still there. */
  openNotebook?(path: string): void;
  /** Show Markdown or other text as the host does; else it is shown as it is. */
  renderMarkdown?(text: string, into: HTMLElement): Promise<void>;
  readonly settings: ISettings;
}

export type DocumentTab = 'overview' | 'contents' | 'versions' | 'files' | 'lineage';

export interface INotice {
  text: string;
  kind: 'done' | 'error' | 'info';
  detail?: string | null;
  undo?: () => Promise<void>;
}

export interface IMemory {
  get<T>(key: string): T | undefined;
  set(key: string, value: unknown): void;
}

/** What a person has chosen in the settings. */
export interface ISettings {
  readonly defaultAtlas: string;
  readonly pageSize: number;
  /** Metadata keys that are offered as facets; empty means those that most datasets have. */
  readonly facets: readonly string[];
  /** What Load does with its line of code. */
  readonly onLoad: 'run' | 'insert' | 'silent';
  /** The variable's name: that of the kind of data, or the dataset's id. */
  readonly variableNaming: 'kind' | 'id';
  /** Whether inserted code names the version. */
  readonly pinVersion: boolean;
  changed(listener: () => void): () => void;
}

// -- kernels

/** A place that code can go to: a notebook with its kernel, or a kernel alone. */
export interface ITarget {
  id: string;
  /** The notebook's name, or the console's. */
  title: string;
  /** The kernel's name: `Python 3 (ipykernel)`. */
  kernel: string;
  language: string;
  status: 'idle' | 'busy' | 'starting' | 'dead' | 'unknown';
}

export interface IKernels {
  /** The one that the next load goes to: that of the notebook that was last active. */
  readonly current: ITarget | null;
  /** All there are, the current one first. */
  readonly all: readonly ITarget[];
  choose(id: string): void;
  changed(listener: () => void): () => void;

  /** Say what a load will be: the code, the memory it takes, and what stands against it. */
  plan(ref: IDatasetRef, record: VersionRecord, wish: ILoadWish): Promise<ILoadPlan>;
  /** Load; it ends when the value has been read back from the kernel. */
  load(ref: IDatasetRef, record: VersionRecord, wish: ILoadWish): Promise<ILoaded>;

  /** Put code into a new cell below the active one, or at the end of the console, and show it. */
  insert?(code: string): Promise<void>;

  /** The variables of the current kernel that could be saved. */
  variables(): Promise<IVariable[]>;
  /** Save a variable as a version, or as a new dataset. */
  save(wish: ISaveWish): Promise<ISaved>;
}

/** How data come into memory: whole, opened on disk, lazily, or a part of them. */
export type LoadAs = 'memory' | 'backed' | 'lazy' | 'part';

/** Some of the cells, some of the genes. */
export interface IPart {
  /** By column of obs, the categories whose observations are wanted; without any, all of them. */
  obs?: Readonly<Record<string, readonly string[]>>;
  /** The names of the features that are wanted, in this order; without any, all of them. */
  var?: readonly string[];
}

export interface ILoadWish {
  /** A target's id; `new` starts a notebook; default: the current one. */
  target?: string;
  how?: 'run' | 'insert' | 'silent';
  as?: LoadAs;
  /** What of it comes, where it is loaded as a part. */
  part?: IPart;
  /** Default: `adata`, `df` …, or the dataset's id where that name is taken. */
  variable?: string;
  /** The variable may be replaced. */
  overwrite?: boolean;
  /** It may take more than half of the memory that is free. */
  evenIfLarge?: boolean;
  /** Gives up, for as long as the kernel has not begun to load. */
  signal?: AbortSignal;
}

export interface ILoadPlan {
  variable: string;
  code: string;
  /** About what it takes in memory, in bytes; null where nobody knows. */
  memory: number | null;
  freeMemory: number | null;
  /** The ways in which this format can be loaded. */
  ways: readonly LoadAs[];
  /** How many observations and features come, as far as anybody knows. */
  shape?: readonly [number | null, number | null];
  obstacle: LoadObstacle | null;
}

/** Why a load does not begin, each with its way out. */
export type LoadObstacle =
  | { kind: 'no-kernel' }
  | { kind: 'exists'; variable: string; holds: string; free: string }
  | { kind: 'not-installed'; install: string }
  | { kind: 'language'; language: string; code: string | null }
  | { kind: 'large'; memory: number; freeMemory: number }
  | { kind: 'dead' };

export interface ILoaded {
  target: ITarget;
  variable: string;
  /** What was read back: `AnnData 700 × 765`; null where the code was only inserted. */
  holds: string | null;
  code: string;
}

export interface IVariable {
  name: string;
  /** `AnnData`, `DataFrame`, `MuData`. */
  type: string;
  /** `700 × 765`. */
  shape: string;
  size: number | null;
  /** The version that it was loaded from, where it was. */
  loadedFrom: { atlas: string; id: string; version: string } | null;
}

export interface ISaveWish {
  variable: string;
  atlas: string;
  id: string;
  message: string;
  /** A new dataset: what it is, and that there is none of this id yet. */
  create?: { dataType: string; title?: string; study?: string };
  /** The version that is the newest, as the person saw it; another one is a conflict. */
  expectedVersion?: string | null;
  /** Only say what would change. */
  dryRun?: boolean;
}

export interface ISaved {
  /** The version that was made, `v6`; null of a dry run or where nothing had changed. */
  version: string | null;
  /** What changed since it was loaded, in words, a line each. */
  changes: readonly string[];
}

/** Somebody else saved first: nothing was written. */
export class SaveConflict extends Error {
  constructor(
    /** The version that is the newest now. */
    readonly newest: VersionRecord,
    /** The one that the variable was made from. */
    readonly basedOn: string | null,
    readonly theirs: readonly string[],
    readonly mine: readonly string[]
  ) {
    super('Somebody else saved a version meanwhile.');
    this.name = 'SaveConflict';
  }
}
