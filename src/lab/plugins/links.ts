/** Links that open a dataset: once, then the address is what it was. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';

import { takeLink } from '../links';
import { ICatalog } from '../tokens';
import type { LabCatalog } from '../catalog';

export const linksPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omicshelf:links',
  description: 'Opens the dataset that the address of the page names.',
  autoStart: true,
  requires: [ICatalog],
  activate: (app: JupyterFrontEnd, catalog: ICatalog) => {
    // At once: JupyterLab's own routes change the address while it starts.
    const { ref, text } = takeLink(window.location.href);
    if (!text) {
      return;
    }
    void app.restored.then(async () => {
      const { url } = takeLink(window.location.href);
      window.history.replaceState(window.history.state, '', url);
      if (ref) {
        await catalog.open(ref);
        return;
      }
      const { host, t } = (catalog as LabCatalog).shared;
      host.notify({
        kind: 'error',
        text: t("'{text}' names no dataset.", { text }),
        detail: t('A link ends in ?omicshelf=atlas/dataset or atlas/dataset@version.')
      });
    });
  }
};
