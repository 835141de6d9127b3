/** The extension of JupyterLab. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ServerConnection } from '@jupyterlab/services';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { LabIcon, ReactWidget } from '@jupyterlab/ui-components';
import { createElement } from 'react';

import { CatalogClient } from '../api/client';
import { HttpTransport } from '../api/http';
import { AtlasList } from '../components/AtlasList';
import { translate } from '../components/words';

import shelf from '../../style/icons/shelf.svg';

const PANEL = 'omicshelf-panel';

const shelfIcon = new LabIcon({ name: 'omicshelf:shelf', svgstr: shelf });

const plugin: JupyterFrontEndPlugin<void> = {
  id: 'omicshelf:plugin',
  description: 'A versioned catalog for omics datasets.',
  autoStart: true,
  optional: [ILayoutRestorer, ITranslator],
  activate: (
    app: JupyterFrontEnd,
    restorer: ILayoutRestorer | null,
    translator: ITranslator | null
  ) => {
    const trans = (translator ?? nullTranslator).load('omicshelf');
    const t = translate({
      text: text => trans.__(text),
      plural: (one, many, n) => trans._n(one, many, n)
    });
    const settings = app.serviceManager.serverSettings;
    const transport = new HttpTransport({
      baseUrl: settings.baseUrl,
      send: (url, init) => ServerConnection.makeRequest(url, init, settings)
    });
    const client = new CatalogClient(transport, 'jupyterlab');
    const panel = ReactWidget.create(createElement(AtlasList, { client, t }));
    panel.id = PANEL;
    panel.addClass('omicshelf-Panel');
    panel.title.icon = shelfIcon;
    panel.title.caption = t('Datasets');
    app.shell.add(panel, 'left', { rank: 300, type: 'omicshelf' });
    restorer?.add(panel, PANEL);
  }
};

export default [plugin];
