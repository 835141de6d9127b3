/** The documents of datasets, in the main area. */

import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import { MainAreaWidget, WidgetTracker } from '@jupyterlab/apputils';
import type { ReactNode } from 'react';

import type { IDatasetRef } from '../api/records';
import type { DocumentTab, IHost } from '../components/host';
import type { IShared } from './host';
import { shelfIcon } from './icon';
import { linkTo } from './links';
import { referenceOf } from './reference';
import { DocumentRoom } from './rooms';
import { COMMANDS } from './tokens';
import { CatalogWidget } from './widget';

/** One dataset; the tab and the version that are shown come back with the layout. */
export class DatasetView extends CatalogWidget {
  constructor(
    shared: IShared,
    additions: Partial<IHost>,
    readonly subject: IDatasetRef,
    tab: DocumentTab,
    private readonly _onChange: () => void
  ) {
    super(shared, additions);
    this._tab = tab;
    this._version = subject.version;
  }

  get tab(): DocumentTab {
    return this._tab;
  }

  get version(): string | undefined {
    return this._version;
  }

  /** Show another tab, or another version; what is undefined stays. */
  go(tab: DocumentTab | undefined, version: string | undefined): void {
    this._tab = tab ?? this._tab;
    this._version = version ?? this._version;
    this.update();
    this._onChange();
  }

  protected override content(): ReactNode {
    return (
      <DocumentRoom
        dataset={{ ...this.subject, version: this._version }}
        tab={this._tab}
        onTab={tab => {
          this._tab = tab;
          this.update();
          this._onChange();
        }}
        onVersion={version => {
          this._version = version;
          this.update();
          this._onChange();
        }}
      />
    );
  }

  private _tab: DocumentTab;
  private _version: string | undefined;
}

export class Documents {
  constructor(
    private readonly _app: JupyterFrontEnd,
    private readonly _shared: IShared,
    private readonly _additions: () => Partial<IHost>
  ) {}

  readonly tracker = new WidgetTracker<MainAreaWidget<DatasetView>>({
    namespace: 'omicshelf-document'
  });

  /** Put back what was open when the page was left. */
  restore(restorer: ILayoutRestorer): void {
    void restorer.restore(this.tracker, {
      command: COMMANDS.open,
      args: ({ content }) => ({
        atlas: content.subject.atlas,
        id: content.subject.id,
        version: content.version ?? null,
        tab: content.tab,
        activate: false
      }),
      name: ({ content }) => referenceOf({ atlas: content.subject.atlas, id: content.subject.id })
    });
  }

  open(ref: IDatasetRef, tab?: DocumentTab, activate = true): MainAreaWidget<DatasetView> {
    const found = this.tracker.find(
      ({ content }) => content.subject.atlas === ref.atlas && content.subject.id === ref.id
    );
    const widget = found ?? this._made(ref, tab);
    if (found) {
      found.content.go(tab, ref.version);
    }
    if (!widget.isAttached) {
      this._app.shell.add(widget, 'main', { type: 'omicshelf' });
    }
    if (!widget.isAttached) {
      // A shell with one document a page, as Jupyter Notebook's: JupyterLab shows it.
      widget.dispose();
      window.open(linkTo(ref), '_blank', 'noopener');
      return widget;
    }
    if (activate) {
      this._app.shell.activateById(widget.id);
    }
    return widget;
  }

  private _made(ref: IDatasetRef, tab: DocumentTab = 'overview'): MainAreaWidget<DatasetView> {
    // What is shown is saved with the layout as soon as it changes.
    const onChange = () => void this.tracker.save(widget);
    const content = new DatasetView(this._shared, this._additions(), ref, tab, onChange);
    const widget = new MainAreaWidget({ content });
    widget.toolbar.hide(); // the document has its own
    // A page may hold a dataset once only: its tab is found again by this.
    widget.id = `omicshelf-document-${ref.atlas}-${ref.id}`;
    widget.title.label = ref.id;
    widget.title.caption = referenceOf({ atlas: ref.atlas, id: ref.id });
    widget.title.icon = shelfIcon;
    widget.title.closable = true;
    void this.tracker.add(widget);
    return widget;
  }
}
