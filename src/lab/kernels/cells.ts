/** Code in notebooks and consoles. */

import { type NotebookPanel, NotebookActions } from '@jupyterlab/notebook';

import { CatalogError } from '../../api/errors';
import { failure } from './question';
import { type Place, isConsole } from './targets';

/** Put code into a new cell below the active one, or at a console's prompt. */
export function insertCode(place: Place, code: string): void {
  if (isConsole(place)) {
    place.console.promptCell?.model.sharedModel.setSource(code);
    return;
  }
  const { content: notebook } = place;
  if (!notebook.model || notebook.model.readOnly) {
    throw new CatalogError(
      `'${place.title.label}' cannot be changed.`,
      'It is read-only: choose another notebook.',
      'ReadOnly',
      0
    );
  }
  notebook.deselectAll();
  const active = notebook.activeCell?.model;
  const isFree = active?.type === 'code' && !active.sharedModel.getSource().trim();
  if (!isFree) {
    NotebookActions.insertBelow(notebook);
  }
  notebook.activeCell!.model.sharedModel.setSource(code);
  if (place.isVisible) {
    void notebook.scrollToItem(notebook.activeCellIndex, 'smart');
  }
}

/**
 * Put code into a cell and run it.
 *
 * @throws CatalogError What the cell raised, without its traceback.
 */
export async function runCode(place: Place, code: string): Promise<void> {
  if (isConsole(place)) {
    // Whether it went well is seen by what the variable holds then.
    await place.console.inject(code);
    return;
  }
  insertCode(place, code);
  const cell = place.content.activeCell!;
  const isDone = await NotebookActions.runCells(place.content, [cell], place.sessionContext);
  if (isDone) {
    return;
  }
  const raised = raisedBy(cell.model.toJSON().outputs);
  throw raised
    ? failure(raised.ename, raised.evalue)
    : new CatalogError('The cell was not run to its end.', 'Run it again.', 'Interrupted', 0);
}

/** Whether a notebook has a cell with code that a test finds. */
export function hasCell(panel: NotebookPanel, test: (source: string) => boolean): boolean {
  const cells = panel.content.model?.sharedModel.cells ?? [];
  return cells.some(cell => cell.cell_type === 'code' && test(cell.getSource()));
}

interface IRaised {
  ename: string;
  evalue: string;
}

function raisedBy(outputs: unknown): IRaised | null {
  const all = Array.isArray(outputs) ? (outputs as Record<string, unknown>[]) : [];
  const error = all.find(output => output.output_type === 'error');
  return error ? { ename: String(error.ename), evalue: String(error.evalue) } : null;
}
