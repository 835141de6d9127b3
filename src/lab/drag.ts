/** Rows that are dragged into a notebook become cells. */

import { MimeData } from '@lumino/coreutils';
import { Drag } from '@lumino/dragdrop';

/** What a notebook takes between its cells. */
const CELLS = 'application/vnd.jupyter.cells';
/** A dataset, for other extensions: `atlas/id@v5`, one a line. */
export const DATASET = 'application/vnd.omicshelf.dataset';

export interface IDragged {
  /** The code that it becomes. */
  code: string;
  references: readonly string[];
}

/** Begin to drag from where the pointer is; it ends when it is dropped or given up. */
export function beginDrag(dragged: IDragged, x: number, y: number, source: unknown): Promise<void> {
  const mimeData = new MimeData();
  // An editor takes the text, a notebook the cell.
  mimeData.setData('text/plain', dragged.code);
  mimeData.setData(CELLS, [
    {
      cell_type: 'code',
      execution_count: null,
      metadata: { trusted: true },
      outputs: [],
      source: dragged.code
    }
  ]);
  mimeData.setData(DATASET, dragged.references.join('\n'));
  const drag = new Drag({
    mimeData,
    dragImage: image(dragged.references),
    proposedAction: 'copy',
    supportedActions: 'copy',
    source
  });
  return drag.start(x, y).then(() => drag.dispose());
}

function image(references: readonly string[]): HTMLElement {
  const node = document.createElement('div');
  node.className = 'omicshelf-DragImage';
  node.textContent =
    references.length === 1 ? references[0] : `${references[0]} + ${references.length - 1}`;
  return node;
}
