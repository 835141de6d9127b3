/** What a widget can do for the components: all of it through its kernel. */

import { CatalogClient } from '../api/client';
import { CommFeed } from '../api/feed';
import { ToastQueue } from '../components/base';
import { copyText, StoredMemory } from '../components/browser';
import type { IHost, ISettings } from '../components/host';
import { translate } from '../components/words';
import { WidgetKernels } from './kernels';
import type { KernelTransport } from './transport';

const SETTINGS: ISettings = {
  defaultAtlas: '',
  pageSize: 100,
  facets: [],
  onLoad: 'silent',
  variableNaming: 'kind',
  pinVersion: true,
  changed: () => () => undefined
};

export interface IWidgetHost extends IHost {
  readonly transport: KernelTransport;
  readonly kernels: WidgetKernels;
  readonly toasts: ToastQueue;
}

/** Make the host of all views of one widget. */
export function widgetHost(transport: KernelTransport): IWidgetHost {
  const t = translate();
  // Made before anything is read, so that no change is missed in between.
  const feed = new CommFeed(transport.comm);
  const toasts = new ToastQueue();
  return {
    transport,
    client: new CatalogClient(transport, 'widget'),
    feed,
    t,
    toasts,
    kernels: new WidgetKernels(transport, t),
    notify: notice => void toasts.add(notice),
    copy: copyText,
    memory: new StoredMemory(),
    settings: SETTINGS
  };
}
