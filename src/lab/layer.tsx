/** What lies above JupyterLab's panels: notices, and the dialogs that commands open. */

import { Widget } from '@lumino/widgets';
import { type ReactNode, useEffect } from 'react';

import type { IDatasetRef, VersionRecord } from '../api/records';
import { ToastStack } from '../components/base';
import type { IHost, ILoadWish } from '../components/host';
import type { IShared } from './host';
import { CatalogWidget } from './widget';
import { useLoad } from '../components/dialogs/load';

type Load = (ref: IDatasetRef, record: VersionRecord, wish?: ILoadWish) => Promise<void>;

export class Layer extends CatalogWidget {
  constructor(
    private readonly _shared: IShared,
    additions: Partial<IHost>
  ) {
    super(_shared, additions);
    this.id = 'omicshelf-layer';
    this.addClass('omicshelf-Layer');
  }

  /** Show it above everything else. */
  attach(): void {
    Widget.attach(this, document.body);
  }

  /** Load a dataset as its row would: at once, or after asking. */
  async load(ref: IDatasetRef, record: VersionRecord, wish?: ILoadWish): Promise<void> {
    await (
      await this._loading
    )(ref, record, wish);
  }

  // It is always there, and shows nothing that changes by itself.
  protected override get follows(): boolean {
    return false;
  }

  protected override content(): ReactNode {
    return (
      <>
        <Loader onReady={load => this._ready(load)} />
        <ToastStack queue={this._shared.toasts} />
      </>
    );
  }

  private _ready!: (load: Load) => void;
  private readonly _loading = new Promise<Load>(resolve => {
    this._ready = resolve;
  });
}

/** Hands out what only a component can do. */
function Loader({ onReady }: { onReady: (load: Load) => void }) {
  const load = useLoad();
  useEffect(() => {
    if (load) {
      onReady((ref, record, wish) => load.load(ref, record, wish));
    }
  }, [load, onReady]);
  return load?.dialog ?? null;
}
