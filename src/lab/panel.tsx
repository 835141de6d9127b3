/** The side panel. */

import { Signal } from '@lumino/signaling';
import type { DragEvent, ReactNode } from 'react';

import type { DatasetRecord } from '../api/records';
import type { IHost } from '../components/host';
import { type ISidebarHandle, Sidebar } from '../components/sidebar';
import { beginDrag } from './drag';
import type { IShared } from './host';
import { shelfIcon } from './icon';
import { loadCode } from './kernels/code';
import { proposedNames } from './kernels/names';
import { referenceOf } from './reference';
import { CatalogWidget } from './widget';

/** As long something that is to be done to the sidebar waits for the catalog, in milliseconds. */
const PATIENCE = 10_000;

export class Panel extends CatalogWidget {
  static readonly ID = 'omicshelf-panel';

  constructor(
    private readonly _shared: IShared,
    additions: Partial<IHost>
  ) {
    super(_shared, additions);
    this.id = Panel.ID;
    this.title.icon = shelfIcon;
    this.title.caption = _shared.t('Datasets');
  }

  /** What can be done to the sidebar; it waits until that shows an atlas, as long as one may. */
  async sidebar(): Promise<ISidebarHandle | null> {
    await Promise.race([this._standing, new Promise(resolve => setTimeout(resolve, PATIENCE))]);
    return this._handle;
  }

  protected override content(): ReactNode {
    return (
      <Sidebar
        handle={this._take}
        onAtlas={this._show}
        onDragRow={this.host.kernels && ((record, event) => void this._drag(record, event))}
      />
    );
  }

  /** The atlas that is shown; empty until one is. */
  get atlas(): string {
    return this._atlas;
  }

  readonly atlasChanged = new Signal<this, string>(this);

  private readonly _show = (atlas: string) => {
    this._atlas = atlas;
    this.atlasChanged.emit(atlas);
    this._stands();
  };

  // What it can do depends on what it shows: only the newest handle is good.
  private readonly _take = (handle: ISidebarHandle | null) => {
    this._handle = handle;
  };

  /** A row becomes a cell where it is let go. */
  private async _drag(record: DatasetRecord, event: DragEvent): Promise<void> {
    // Lumino moves it, and not the browser: a notebook takes cells from nobody else.
    event.preventDefault();
    const { atlas, dataset_id: id, version } = record;
    const { pinVersion, variableNaming } = this._shared.settings;
    const name = `v${version.seq}`;
    const code = loadCode(
      {
        atlas,
        id,
        version: pinVersion ? name : null,
        variable: proposedNames(version, variableNaming)[0],
        as: 'memory'
      },
      false
    );
    const references = [referenceOf({ atlas, id, version: name })];
    await beginDrag({ code, references }, event.clientX, event.clientY, this);
  }

  private _atlas = '';
  private _handle: ISidebarHandle | null = null;
  private _stands!: () => void;
  private readonly _standing = new Promise<void>(resolve => {
    this._stands = resolve;
  });
}
