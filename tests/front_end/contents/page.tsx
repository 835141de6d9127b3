/** The contents of one version on a page of their own, over a real server: see showing.py. */

import { useQuery } from '@tanstack/react-query';
import { createRoot } from 'react-dom/client';

import { CatalogClient } from '../../../src/api/client';
import { HttpTransport } from '../../../src/api/http';
import { Surface, ToastQueue, ToastStack } from '../../../src/components/base';
import { CatalogProvider } from '../../../src/components/data';
import { Contents } from '../../../src/components/document/contents';
import type { IHost, ITarget } from '../../../src/components/host';
import { translate } from '../../../src/components/words';

const asked = new URLSearchParams(location.search);
const token = asked.get('token') ?? '';
const dataset = { atlas: asked.get('atlas') ?? '', id: asked.get('id') ?? '' };

/** What the page did that no eye sees, for the test. */
const told = { inserted: [] as string[], copied: [] as string[] };
Object.assign(window, { told });

const transport = new HttpTransport({
  baseUrl: '/',
  send: (url, init) => {
    const headers = new Headers(init.headers);
    headers.set('Authorization', `token ${token}`);
    return fetch(url, { ...init, headers });
  }
});
const toasts = new ToastQueue();
const kernel: ITarget = {
  id: 'k',
  title: 'analysis.ipynb',
  kernel: 'Python 3',
  language: 'python',
  status: 'idle'
};
const host = {
  client: new CatalogClient(transport, 'page'),
  feed: {
    connection: { state: 'connected' },
    subscribe: () => () => undefined,
    onConnection: () => () => undefined
  },
  t: translate(),
  notify: toasts.add,
  copy: (text: string) => Promise.resolve(void told.copied.push(text)),
  memory: { get: () => undefined, set: () => undefined },
  settings: {},
  // A kernel of which only the cells that go to it are looked at; the test runs them itself.
  kernels: asked.has('kernel')
    ? {
        current: kernel,
        all: [kernel],
        variables: () => Promise.resolve([]),
        plan: () =>
          Promise.resolve({
            variable: 'adata',
            code: `from omicshelf import Catalog\nadata = Catalog("${dataset.atlas}").load("${dataset.id}")`,
            obstacle: null
          }),
        insert: (code: string) => Promise.resolve(void told.inserted.push(code))
      }
    : undefined
} as unknown as IHost;

function Page() {
  const read = useQuery({
    queryKey: ['page'],
    queryFn: () => host.client.dataset(dataset)
  });
  const record = read.data?.record;
  return record ? <Contents dataset={dataset} record={record} version={record.version} /> : null;
}

createRoot(document.getElementById('root')!).render(
  <Surface host={host} className="page">
    <CatalogProvider host={host}>
      <Page />
      <ToastStack queue={toasts} />
    </CatalogProvider>
  </Surface>
);
