/** The page that a server serves at /omicshelf. */

import { createRoot } from 'react-dom/client';

import { followTheme } from './theme';
import { Page } from './Page';

import '../../style/index.css';
import '../../style/page.css';

const root = document.getElementById('omicshelf');
if (!root) {
  throw new Error('The page has no element #omicshelf.');
}
followTheme(document.documentElement);
createRoot(root).render(<Page baseUrl={root.dataset.baseUrl ?? '/'} />);
