/** The side panel. */

import type { ReactNode } from 'react';

import type { IHost } from '../components/host';
import type { IShared } from './host';
import { shelfIcon } from './icon';
import { PanelRoom } from './rooms';
import { CatalogWidget } from './widget';

export class Panel extends CatalogWidget {
  static readonly ID = 'omicshelf-panel';

  constructor(shared: IShared, additions: Partial<IHost>) {
    super(shared, additions);
    this.id = Panel.ID;
    this.title.icon = shelfIcon;
    this.title.caption = shared.t('Datasets');
    // Who reads by ear hears what the icon shows.
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', shared.t('Datasets'));
  }

  /** Put the cursor into the search box. */
  focusSearch(): void {
    const box = this.node.querySelector<HTMLElement>(
      'input[type="search"], [role="searchbox"], [role="search"] input'
    );
    box?.focus();
  }

  protected override content(): ReactNode {
    return <PanelRoom />;
  }
}
