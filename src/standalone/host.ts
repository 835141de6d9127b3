/** What a web page can do: no kernel, the browser's own memory and clipboard. */

import { CatalogClient } from '../api/client';
import { PolledFeed } from '../api/feed';
import { HttpTransport } from '../api/http';
import type { IDatasetRef } from '../api/records';
import { ToastQueue } from '../components/base';
import type { DocumentTab, IHost, IMemory, ISettings } from '../components/host';
import { translate } from '../components/words';

const COOKIE = /(?:^|; )_xsrf=([^;]*)/;

/** Below these names the page remembers something, and nothing of other pages. */
const MEMORY = 'omicshelf/';

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
    copy,
    memory: new StoredMemory(),
    settings: SETTINGS
  };
}

/** Put text on the clipboard, also on a page that came without encryption. */
async function copy(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  field.style.opacity = '0';
  document.body.append(field);
  const before = document.activeElement;
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) {
    before.focus();
  }
  if (!done) {
    throw new Error('The browser did not copy the text.');
  }
}

class StoredMemory implements IMemory {
  get<T>(key: string): T | undefined {
    try {
      const found = localStorage.getItem(MEMORY + key);
      return found === null ? undefined : (JSON.parse(found) as T);
    } catch {
      return undefined; // switched off, or of another release
    }
  }

  set(key: string, value: unknown): void {
    try {
      localStorage.setItem(MEMORY + key, JSON.stringify(value));
    } catch {
      // Full or switched off: then it is forgotten.
    }
  }
}
