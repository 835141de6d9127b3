/** One widget, when all that it is made of is there. */

import { createRoot } from 'react-dom/client';

import { newQueryClient } from '../components/data';
import { widgetHost } from './host';
import type { WidgetModel } from './traits';
import type { KernelTransport } from './transport';
import { View } from './View';

export interface IApp {
  /** Show a view of it; it ends by the function that this gives. */
  render(element: HTMLElement): () => void;
  dispose(): void;
}

export function open(model: WidgetModel, transport: KernelTransport): IApp {
  const queries = newQueryClient();
  const host = widgetHost(transport);
  const removeListener = transport.onState(() => {
    if (transport.state === 'ready') {
      // What failed while the kernel was gone is tried again.
      void queries.resetQueries({ predicate: query => query.state.status === 'error' });
    }
  });
  return {
    render(element) {
      const root = createRoot(element);
      root.render(<View model={model} host={host} queries={queries} />);
      return () => root.unmount();
    },
    dispose() {
      removeListener();
      host.feed.dispose();
      queries.clear();
    }
  };
}
