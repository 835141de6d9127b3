/** What a web page can do: no kernel, the browser's own memory and clipboard. */

import { CatalogClient } from '../api/client';
import { PolledFeed } from '../api/feed';
import { HttpTransport } from '../api/http';
import type { IDatasetRef } from '../api/records';
import { ToastQueue } from '../components/base';
import { copyText, StoredMemory } from '../components/browser';
import type { DocumentTab, IHost, ISettings } from '../components/host';
import { translate } from '../components/words';

const COOKIE = /(?:^|; )_xsrf=([^;]*)/;

const SETTINGS: ISettings = {
  defaultAtlas: '',
  pageSize: 100,
  facets: [],
  onLoad: 'run',
  variableNaming: 'kind',
  pinVersion: true,
  changed: () => () => undefined
};

export interface IPageHost extends IHost {
  readonly toasts: ToastQueue;
}

/**
 * Make the host of the page of a server.
 *
 * @param baseUrl The Jupyter server's address, ending in a slash.
 */
export function pageHost(
  baseUrl: string,
  open: (ref: IDatasetRef, tab?: DocumentTab) => void
): IPageHost {
  const transport = new HttpTransport({
    baseUrl,
    send: (url, init) => {
      const headers = new Headers(init.headers);
      headers.set('X-XSRFToken', COOKIE.exec(document.cookie)?.[1] ?? '');
      return fetch(url, { ...init, headers, credentials: 'same-origin' });
    }
  });
  const client = new CatalogClient(transport, 'page');
  const toasts = new ToastQueue();
  return {
    client,
    feed: new PolledFeed(client),
    t: translate(),
    toasts,
    open,
    notify: notice => void toasts.add(notice),
    copy: copyText,
    memory: new StoredMemory(),
    settings: SETTINGS
  };
}
