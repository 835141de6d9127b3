/** The catalog in JupyterLab: one for all plugins. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { MainAreaWidget } from '@jupyterlab/apputils';

import type { CatalogClient } from '../api/client';
import { type CatalogError, asCatalogError, isAborted } from '../api/errors';
import type { IDatasetRef, VersionRecord } from '../api/records';
import type { DocumentTab, ILoadWish } from '../components/host';
import type { ISidebarHandle } from '../components/sidebar';
import type { DatasetView, Documents } from './documents';
import type { IShared } from './host';
import type { LabKernels } from './kernels/kernels';
import type { Layer } from './layer';
import { Panel } from './panel';
import { Rights } from './rights';
import type { ICatalog } from './tokens';

export class LabCatalog implements ICatalog {
  constructor(
    readonly app: JupyterFrontEnd,
    readonly shared: IShared,
    readonly documents: Documents,
    readonly panel: Panel,
    readonly layer: Layer,
    readonly kernels: LabKernels | null
  ) {
    this.rights = new Rights(shared.client, shared.hub.feed);
  }

  readonly rights: Rights;

  get client(): CatalogClient {
    return this.shared.client;
  }

  async open(ref: IDatasetRef, tab?: DocumentTab): Promise<void> {
    this.show(ref, tab);
    return Promise.resolve();
  }

  show(ref: IDatasetRef, tab?: DocumentTab, activate = true): MainAreaWidget<DatasetView> {
    return this.documents.open(ref, tab, activate);
  }

  /** Load as its row in the panel would: at once, or after asking what stands against it. */
  async load(ref: IDatasetRef, wish: ILoadWish = {}): Promise<void> {
    await this.told(async () => this.layer.load(ref, await this.version(ref), wish));
  }

  /** Give the record of a version, the newest where none is named. */
  async version(ref: IDatasetRef): Promise<VersionRecord> {
    return ref.version
      ? this.client.version(ref, ref.version)
      : (await this.client.dataset(ref)).record.version;
  }

  /** Show the panel, and give what can be done to it. */
  async sidebar(): Promise<ISidebarHandle | null> {
    this.app.shell.activateById(Panel.ID);
    return this.panel.sidebar();
  }

  /** The atlas that the panel shows, or the first. */
  async atlas(): Promise<string> {
    const shown = this.panel.atlas || this.shared.settings.defaultAtlas;
    return shown || ((await this.client.atlases()).atlases[0]?.name ?? 'default');
  }

  /** Do something for a command: what goes wrong is told to the person. */
  async told(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (reason) {
      if (!isAborted(reason)) {
        const error: CatalogError = asCatalogError(reason);
        this.shared.host.notify({ kind: 'error', text: error.title, detail: error.detail });
      }
    }
  }

  /** The dataset whose document is shown; null where another widget is. */
  get current(): DatasetView | null {
    const widget = this.documents.tracker.currentWidget;
    return widget && widget === this.app.shell.currentWidget ? widget.content : null;
  }
}
