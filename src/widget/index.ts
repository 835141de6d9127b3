/**
 * What every widget of a notebook carries: the way to its kernel. All else is a part that the
 * kernel sends once for a page.
 */

import type { InitializeProps, RenderProps } from '@anywidget/types';

import { errorOf } from '../api/errors';
import { translate } from '../components/words';
import type { IApp } from './app';
import { addSource, retryParts } from './parts';
import type { ITraits } from './traits';
import { KernelTransport } from './transport';

import '../../style/index.css';
import '../../style/widget.css';

export { load } from './parts';

/** Make one widget: all its views share a kernel, and what was read. */
export default function make() {
  let transport: KernelTransport;
  let app: Promise<IApp>;
  return {
    initialize({ model }: InitializeProps<ITraits>) {
      transport = new KernelTransport(model, model);
      const removeSource = addSource(name => part(transport, name));
      const removeListener = transport.onState(() => transport.state === 'ready' && retryParts());
      app = import('./app').then(module => module.open(model, transport));
      app.catch(() => undefined); // each view says it
      return () => {
        removeListener();
        removeSource();
        void app.then(opened => opened.dispose());
        transport.dispose();
      };
    },
    render({ el }: RenderProps<ITraits>) {
      return shown(el, transport, app);
    }
  };
}

async function part(transport: KernelTransport, name: string): Promise<Uint8Array> {
  const path = `/kernel/parts/${name}`;
  const { status, body, headers } = await transport.request({ method: 'GET', path, as: 'bytes' });
  if (status >= 300) {
    throw errorOf(status, body, headers);
  }
  return body as Uint8Array;
}

const SAID_AFTER_MS = 300;

/** Show a view when its part is there, and until then why it is not. */
function shown(el: HTMLElement, transport: KernelTransport, app: Promise<IApp>): () => void {
  const t = translate();
  const words = {
    ready: t('Opening…'),
    busy: t('Kernel busy: this opens when the cell that runs has ended'),
    gone: t('The kernel of this widget is gone. Run the cell again.')
  };
  const line = document.createElement('div');
  line.className = 'omicshelf-widget-coming';
  line.setAttribute('role', 'status');
  el.append(line);
  const say = () => {
    line.textContent = words[transport.state];
  };
  const timer = setTimeout(say, SAID_AFTER_MS);
  let end = transport.onState(say);
  const leave = () => {
    clearTimeout(timer);
    end();
  };
  let removed = false;
  app.then(
    opened => {
      leave();
      line.remove();
      end = removed ? () => undefined : opened.render(el);
    },
    (reason: unknown) => {
      leave();
      end = () => undefined;
      line.textContent = reason instanceof Error ? reason.message : String(reason);
    }
  );
  return () => {
    removed = true;
    leave();
  };
}
