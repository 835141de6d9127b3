/** What JupyterLab can do for the components. */

import { CatalogClient } from '../api/client';
import { PolledFeed } from '../api/feed';
import { HttpTransport } from '../api/http';
import { ToastQueue } from '../components/base';
import { StoredMemory, copyText } from '../components/browser';
import type { IHost } from '../components/host';
import { type Translate, translate } from '../components/words';
import { ServerConnection } from '@jupyterlab/services';
import type { TranslationBundle } from '@jupyterlab/translation';

import { FeedHub } from './feed';
import { LabSettings } from './settings';

/** What all panels share; each has a feed of its own, see {@link FeedHub}. */
export interface IShared {
  readonly client: CatalogClient;
  readonly hub: FeedHub;
  readonly toasts: ToastQueue;
  readonly settings: LabSettings;
  readonly t: Translate;
  /** A host's parts but for its feed; plugins add what they make possible. */
  readonly host: Omit<IHost, 'feed'>;
}

export function share(server: ServerConnection.ISettings, trans: TranslationBundle): IShared {
  const t = translate({
    text: text => trans.__(text),
    plural: (one, many, n) => trans._n(one, many, n)
  });
  // With the token and the XSRF cookie that JupyterLab has.
  const transport = new HttpTransport({
    baseUrl: server.baseUrl,
    send: (url, init) => ServerConnection.makeRequest(url, init, server)
  });
  const client = new CatalogClient(transport, 'jupyterlab');
  const toasts = new ToastQueue();
  const settings = new LabSettings();
  return {
    client,
    hub: new FeedHub(new PolledFeed(client)),
    toasts,
    settings,
    t,
    host: {
      client,
      t,
      notify: notice => toasts.add(notice),
      copy: copyText,
      // Several servers may share an origin, as on a hub.
      memory: new StoredMemory(`omicshelf:${server.baseUrl}:`),
      settings
    }
  };
}
