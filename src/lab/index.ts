/** The extension of JupyterLab: what it is made of, each part optional but the first. */

import { catalogPlugin } from './plugins/catalog';
import { fileBrowserPlugin } from './plugins/filebrowser';
import { launcherPlugin } from './plugins/launcher';
import { linksPlugin } from './plugins/links';
import { statusPlugin } from './plugins/status';
import { stillPlugin } from './plugins/still';

export { ICatalog } from './tokens';

export default [
  catalogPlugin,
  launcherPlugin,
  linksPlugin,
  fileBrowserPlugin,
  statusPlugin,
  stillPlugin
];
