/** The page that a server serves at /omicshelf. */

import { createRoot } from 'react-dom/client';

import { Page } from './Page';

import '../../style/index.css';
import '../../style/page.css';

const root = document.getElementById('omicshelf');
if (!root) {
  throw new Error('The page has no element #omicshelf.');
}
createRoot(root).render(<Page baseUrl={root.dataset.baseUrl ?? '/'} />);
