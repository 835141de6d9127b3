/** A view of a widget: what it shows, and how its kernel is. */

import type { QueryClient } from '@tanstack/react-query';
import {
  type ComponentType,
  lazy,
  type LazyExoticComponent,
  Suspense,
  useEffect,
  useRef,
  useState
} from 'react';

import {
  classes,
  Dot,
  Note,
  Skeleton,
  Surface,
  ThinBar,
  ToastStack,
  useSlow,
  useWords
} from '../components/base';
import { CatalogProvider } from '../components/data';
import type { IWidgetHost } from './host';
import { look } from './look';
import type { ITraits, WidgetModel } from './traits';
import type { KernelState } from './transport';

/** What each kind of view is given. */
export interface IViewProps {
  model: WidgetModel;
}

type LazyView = LazyExoticComponent<ComponentType<IViewProps>>;

const VIEWS: Record<ITraits['view'], LazyView> = {
  browser: lazy(async () => ({ default: (await import('./browser')).Browser })),
  picker: lazy(async () => ({ default: (await import('./picker')).Picker })),
  timeline: lazy(async () => ({ default: (await import('./dataset')).TimelineView })),
  files: lazy(async () => ({ default: (await import('./dataset')).FilesView })),
  dataset: lazy(async () => ({ default: (await import('./dataset')).DocumentView }))
};

interface IProps extends IViewProps {
  host: IWidgetHost;
  queries: QueryClient;
}

export function View({ model, host, queries }: IProps) {
  const element = useRef<HTMLDivElement>(null);
  const [theme, setTheme] = useState('');
  const state = useKernelState(host);
  const kind = model.get('view');
  const Shown = VIEWS[kind];
  // What a host's colours are, is known when it is in the page.
  useEffect(() => (element.current ? look(element.current, setTheme) : undefined), []);
  return (
    <CatalogProvider host={host} queries={queries}>
      <div ref={element} className={classes('omicshelf-widget', `omicshelf-mod-${kind}`, theme)}>
        <Surface host={host} ownsKeys className="omicshelf-widget-surface">
          <Suspense fallback={<Coming kind={kind} />}>
            <Shown model={model} />
          </Suspense>
          <Kernel state={state} />
          <ToastStack queue={host.toasts} />
        </Surface>
      </div>
    </CatalogProvider>
  );
}

/** Its part of the front end is on its way. */
function Coming({ kind }: { kind: ITraits['view'] }) {
  const t = useWords();
  const slow = useSlow(true);
  return (
    <div className="omicshelf-widget-coming" aria-busy="true">
      {slow && <ThinBar label={t('Opening')} />}
      {slow && kind !== 'picker' && <Skeleton rows={5} lines={1} height={24} />}
    </div>
  );
}

/** How the kernel is, where there is anything to be said of it. */
function Kernel({ state }: { state: KernelState }) {
  const t = useWords();
  return (
    <div role="status" className="omicshelf-widget-kernel">
      {state === 'busy' && (
        <span className="omicshelf-widget-busy">
          <Dot kind="running" />
          {t('Kernel busy: this goes on when the cell that runs has ended')}
        </span>
      )}
      {state === 'gone' && (
        <Note kind="warning" title={t('The kernel of this widget is gone')}>
          {t('It was restarted or shut down. Run the cell again to go on.')}
        </Note>
      )}
    </div>
  );
}

function useKernelState({ transport }: IWidgetHost): KernelState {
  const [state, setState] = useState(transport.state);
  useEffect(() => {
    setState(transport.state);
    return transport.onState(() => setState(transport.state));
  }, [transport]);
  return state;
}
