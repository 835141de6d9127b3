/** What lies above JupyterLab's panels: notices, and the dialogs that commands open. */

import { Widget } from '@lumino/widgets';
import { type ReactNode, Suspense, useEffect } from 'react';

import type { IDatasetRef, VersionRecord } from '../api/records';
import { ToastStack, lazily } from '../components/base';
import type { IHost, ILoadWish } from '../components/host';
import type { IShared } from './host';
import { CatalogWidget } from './widget';
import type { IAttachDialogProps } from '../components/dialogs/attach';
import { useLoad } from '../components/dialogs/load';

const AttachDialog = lazily(
  async () => (await import('../components/dialogs/attach')).AttachDialog
);

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

  /** Ask to which dataset files are to be attached, and send them there. */
  attachFiles(wish: Omit<IAttachDialogProps, 'onClose'>): void {
    // What it proposes is what is there now: nobody told it of changes.
    void this.queries.invalidateQueries();
    this._attaching = wish;
    this.update();
  }

  // It is always there, and shows nothing that changes by itself.
  protected override get follows(): boolean {
    return false;
  }

  protected override content(): ReactNode {
    return (
      <>
        <Loader onReady={load => this._ready(load)} />
        {this._attaching && (
          <Suspense fallback={null}>
            <AttachDialog
              {...this._attaching}
              onClose={() => {
                this._attaching = null;
                this.update();
              }}
            />
          </Suspense>
        )}
        <ToastStack queue={this._shared.toasts} />
      </>
    );
  }

  private _attaching: Omit<IAttachDialogProps, 'onClose'> | null = null;
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
