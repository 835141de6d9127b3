/** The page that `jupyter omicshelf` serves. */

import { createRoot } from 'react-dom/client';

import { CatalogClient } from '../api/client';
import { HttpTransport } from '../api/http';
import { AtlasList } from '../components/AtlasList';
import { translate } from '../components/words';

import '../../style/index.css';

const COOKIE = /(?:^|; )_xsrf=([^;]*)/;

const root = document.getElementById('omicshelf');
if (!root) {
  throw new Error('The page has no element #omicshelf.');
}
const transport = new HttpTransport({
  baseUrl: root.dataset.baseUrl ?? '/',
  send: (url, init) => {
    const headers = new Headers(init.headers);
    headers.set('X-XSRFToken', COOKIE.exec(document.cookie)?.[1] ?? '');
    return fetch(url, { ...init, headers, credentials: 'same-origin' });
  }
});
createRoot(root).render(
  <AtlasList client={new CatalogClient(transport, 'page')} t={translate()} />
);
