/** A widget whose kernel is gone, in a notebook that was opened again: the picture that was kept. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { INotebookTracker, type NotebookPanel } from '@jupyterlab/notebook';

import { Still } from '../still';

export const stillPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omicshelf:still',
  description: 'Shows what a widget showed when its notebook was saved, where no kernel has it.',
  autoStart: true,
  requires: [INotebookTracker],
  activate: (_app: JupyterFrontEnd, notebooks: INotebookTracker) => {
    const watch = (panel: NotebookPanel) => {
      const still = new Still(panel.content);
      panel.disposed.connect(() => still.dispose());
    };
    notebooks.forEach(watch);
    notebooks.widgetAdded.connect((_, panel) => watch(panel));
  }
};
