/** A panel of JupyterLab with components in it. */

import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import type { QueryClient } from '@tanstack/react-query';
import type { ReactElement, ReactNode } from 'react';

import { Surface } from '../components/base';
import { CatalogProvider, newQueryClient } from '../components/data';
import type { IHost } from '../components/host';
import type { PanelFeed } from './feed';
import type { IShared } from './host';

/** Shows components with a host; while it is hidden, nothing of it is read again. */
export class CatalogWidget extends ReactWidget {
  /**
   * @param additions What the host can do here besides.
   */
  constructor(shared: IShared, additions: Partial<IHost> = {}) {
    super();
    this.addClass('omicshelf-Panel');
    this._feed = shared.hub.panel();
    this.host = { ...shared.host, ...additions, feed: this._feed };
  }

  readonly host: IHost;
  readonly queries: QueryClient = newQueryClient();

  /** Read everything that is shown again. */
  refresh(): void {
    this.host.feed.retry();
    void this.queries.invalidateQueries();
  }

  override dispose(): void {
    if (!this.isDisposed) {
      this._feed.dispose();
      super.dispose();
      this.queries.clear();
    }
  }

  protected override render(): ReactElement {
    return (
      <CatalogProvider host={this.host} queries={this.queries}>
        <Surface host={this.host}>{this.content()}</Surface>
      </CatalogProvider>
    );
  }

  /** What is shown in it. */
  protected content(): ReactNode {
    return null;
  }

  /** Whether what it shows is of the catalog, and is kept as the catalog is. */
  protected get follows(): boolean {
    return true;
  }

  protected override onAfterShow(msg: Message): void {
    super.onAfterShow(msg);
    this._feed.isShown = this.follows;
  }

  protected override onAfterAttach(msg: Message): void {
    super.onAfterAttach(msg);
    this._feed.isShown = this.follows && this.isVisible;
  }

  protected override onBeforeHide(msg: Message): void {
    this._feed.isShown = false;
    super.onBeforeHide(msg);
  }

  private readonly _feed: PanelFeed;
}
