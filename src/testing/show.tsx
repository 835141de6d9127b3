/** Show a component that reads the catalog, over recorded answers. */

import { configure } from '@testing-library/react';
import type { ReactElement, ReactNode } from 'react';
import { useHost } from '../components/base';
import { type IShown, show } from '../components/base/testing';
import { CatalogProvider } from '../components/data';
import type { IHost, ISettings } from '../components/host';
import { recordedClient, type RecordedTransport, SpokenFeed } from './recorded';

export { expectAccessible } from '../components/base/testing';

// A machine that does other things too is given its time.
configure({ asyncUtilTimeout: 10_000 });

// jsdom draws nothing, and says so at each try.
HTMLCanvasElement.prototype.getContext = () => null;

export const SETTINGS: ISettings = {
  defaultAtlas: '',
  pageSize: 50,
  facets: [],
  onLoad: 'run',
  variableNaming: 'kind',
  pinVersion: true,
  changed: () => () => undefined
};

export interface ICatalogShown extends IShown {
  transport: RecordedTransport;
  feed: SpokenFeed;
}

/** Show it; `prepare` changes what is answered before the first request. */
export function showWithCatalog(
  ui: ReactElement,
  parts: Partial<IHost> = {},
  prepare: (transport: RecordedTransport) => void = () => undefined
): ICatalogShown {
  const { client, transport } = recordedClient();
  const feed = new SpokenFeed();
  prepare(transport);
  const shown = show(<WithCatalog>{ui}</WithCatalog>, {
    client,
    feed,
    settings: SETTINGS,
    ...parts
  });
  const again = (what: ReactElement) => shown.again(<WithCatalog>{what}</WithCatalog>);
  return { ...shown, again, transport, feed };
}

function WithCatalog({ children }: { children: ReactNode }) {
  return <CatalogProvider host={useHost()}>{children}</CatalogProvider>;
}

/** Let the person be a viewer of the atlas. */
export function asViewer(transport: RecordedTransport): void {
  transport.answer('GET', /^\/atlases$/, () => ({
    status: 200,
    headers: {},
    body: { atlases: [], roles: { immunology: 'viewer' } }
  }));
}
