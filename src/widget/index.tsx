/** What a notebook's widgets run in the browser: one module, bundled with all that it needs. */

import type { RenderProps } from '@anywidget/types';
import { createRoot } from 'react-dom/client';

import { CatalogClient } from '../api/client';
import { CommTransport } from '../api/comm';
import { AtlasList } from '../components/AtlasList';
import { translate } from '../components/words';

import '../../style/index.css';

function render({ model, el }: RenderProps): () => void {
  const transport = new CommTransport(model);
  const root = createRoot(el);
  root.render(<AtlasList client={new CatalogClient(transport, 'widget')} t={translate()} />);
  return () => {
    root.unmount();
    transport.dispose();
  };
}

export default { render };
