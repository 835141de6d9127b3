/** The command palette and the launcher. */

import type { JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';

import { COMMANDS, ICatalog } from '../tokens';

const CATEGORY = 'omicshelf';
/** What a person can begin with, and what needs no file that was chosen before. */
const IN_PALETTE = [
  COMMANDS.show,
  COMMANDS.search,
  COMMANDS.open,
  COMMANDS.load,
  COMMANDS.insert,
  COMMANDS.add,
  COMMANDS.refresh
];

export const launcherPlugin: JupyterFrontEndPlugin<void> = {
  id: 'omicshelf:launcher',
  description: 'The catalog in the command palette and in the launcher.',
  autoStart: true,
  requires: [ICatalog],
  optional: [ICommandPalette, ILauncher],
  activate: (
    app: JupyterFrontEnd,
    _catalog: ICatalog,
    palette: ICommandPalette | null,
    launcher: ILauncher | null
  ) => {
    for (const command of IN_PALETTE.filter(id => app.commands.hasCommand(id))) {
      palette?.addItem({ command, category: CATEGORY });
    }
    launcher?.add({ command: COMMANDS.show, category: 'Other', rank: 10 });
  }
};
