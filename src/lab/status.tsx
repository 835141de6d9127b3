/** The item of the status bar. It asks for nothing: it says what the panels have learnt. */

import { useReducer, useEffect, type ReactElement } from 'react';
import { ReactWidget } from '@jupyterlab/ui-components';

import { Icon, Text } from '../components/base';
import type { IShared } from './host';
import type { Panel } from './panel';

export class StatusItem extends ReactWidget {
  constructor(
    private readonly _shared: IShared,
    private readonly _panel: Panel,
    private readonly _show: () => void
  ) {
    super();
    this.addClass('omicshelf-StatusItem');
  }

  protected override render(): ReactElement {
    return <Status shared={this._shared} panel={this._panel} onShow={this._show} />;
  }
}

function Status(props: { shared: IShared; panel: Panel; onShow: () => void }) {
  const { shared, panel, onShow } = props;
  const { t, hub } = shared;
  const [, renew] = useReducer((n: number) => n + 1, 0);
  useEffect(() => hub.feed.onConnection(renew), [hub]);
  useEffect(() => {
    panel.atlasChanged.connect(renew);
    return () => void panel.atlasChanged.disconnect(renew);
  }, [panel]);
  const isLost = hub.feed.connection.state === 'unreachable';
  const words = isLost ? t('Catalog out of reach') : panel.atlas || t('Datasets');
  return (
    <button
      type="button"
      className="omicshelf-StatusItem-button"
      title={isLost ? t('The catalog does not answer. Open the panel to see why.') : t('Datasets')}
      onClick={onShow}
    >
      <Icon
        name={isLost ? 'warning' : 'shelf'}
        tone={isLost ? 'warning' : undefined}
        size="small"
      />
      <Text text={words} />
    </button>
  );
}
