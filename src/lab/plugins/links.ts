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
    const { ref, text, url } = takeLink(window.location.href);
    if (!text) {
      return;
    }
    // At once: JupyterLab keeps what is in the address when it begins to read it.
    window.history.replaceState(window.history.state, '', url);
    void app.restored.then(async () => {
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
