/**
 * Of a widget JupyterLab shows the live one or an error: it prefers that type of an output, and
 * does not fall back. Where it has shown the error in the place of one of ours, the HTML of the
 * same output is put there, cleaned as any HTML of a notebook.
 */

import type { CodeCell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import { MimeModel } from '@jupyterlab/rendermime';
import { Widget } from '@lumino/widgets';

/** What the kernel's side puts beside each widget; see `omicshelf.notebook.widgets`. */
const OURS = 'omicshelf';
// What the widget manager makes of an output whose widget is in no kernel.
const FAILED = '.jp-OutputArea-output.jupyter-widgets';

export class Still {
  constructor(private readonly _notebook: Notebook) {
    this._watcher.observe(_notebook.node, {
      attributes: true,
      attributeFilter: ['class'],
      childList: true,
      subtree: true
    });
    this._look(_notebook.node);
  }

  dispose(): void {
    this._watcher.disconnect();
    this._pictures.forEach(picture => picture.dispose());
  }

  private readonly _watcher = new MutationObserver(records => {
    for (const { target, type } of records) {
      // Only the class of an output, or outputs that come: not each letter that is typed.
      const { classList } = target as Element;
      if (
        type === 'attributes' ? classList.contains('jp-OutputArea-output') : isOutput(classList)
      ) {
        this._look(target as Element);
      }
    }
  });

  private _look(element: Element): void {
    const found = element.matches(FAILED) ? [element] : element.querySelectorAll(FAILED);
    found.forEach(output => void this._replace(output));
  }

  private async _replace(output: Element): Promise<void> {
    const model = this._pictureOf(output);
    if (!model) {
      return;
    }
    output.classList.remove('jupyter-widgets');
    output.replaceChildren();
    const picture = this._notebook.rendermime.createRenderer('text/html');
    this._pictures.push(picture);
    Widget.attach(picture, output as HTMLElement);
    await picture.renderModel(model);
  }

  /** What was kept of the widget that is shown there; null where it is not one of ours. */
  private _pictureOf(output: Element): MimeModel | null {
    const cell = this._notebook.widgets.find(({ node }) => node.contains(output));
    if (!cell || !('outputArea' in cell)) {
      return null;
    }
    const { outputArea } = cell as CodeCell;
    const at = outputArea.widgets.findIndex(({ node }) => node.contains(output));
    const found = at < 0 ? undefined : outputArea.model.get(at);
    const html = found && OURS in found.metadata ? found.data['text/html'] : undefined;
    return html === undefined ? null : new MimeModel({ data: { 'text/html': html } });
  }

  private readonly _pictures: Widget[] = [];
}

function isOutput(classList: DOMTokenList): boolean {
  return classList.contains('jp-OutputArea-child') || classList.contains('jp-OutputArea');
}
