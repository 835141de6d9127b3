/** The side panel: an atlas, its datasets, its trash, and a way to add to it. */

import { useIsFetching, useQueryClient } from '@tanstack/react-query';
import {
  type DragEvent,
  type KeyboardEvent,
  type Ref,
  Suspense,
  useEffect,
  useImperativeHandle,
  useRef,
  useState
} from 'react';

import { asCatalogError } from '../../api/errors';
import type { AtlasRecord, DatasetRecord } from '../../api/records';
import {
  Button,
  ErrorBoundary,
  Icon,
  MenuButton,
  Problem,
  Skeleton,
  Waiting,
  classes,
  lazily,
  useHost,
  useWords
} from '../base';
import { useAtlases, useConnection, useRights } from '../data';
import { type IDropped, dropped, hasFiles } from '../dialogs/add/intake';
import { useActions } from './actions';
import { AtlasPicker, NewAtlas, useMayCreateAtlas } from './AtlasPicker';
import { Footer } from './Footer';
import { Panel } from './Panel';
import { useChoices } from './state';
import { NoAtlas } from './states';
import { Trash } from './Trash';

const AddDialog = lazily(async () => (await import('../dialogs/add')).AddDialog);

/** What a host can do to the sidebar. */
export interface ISidebarHandle {
  focusSearch: () => void;
  refresh: () => void;
  /** Open the dialog that adds datasets, with files where some are given. */
  add: (files?: readonly File[]) => void;
}

export interface ISidebarProps {
  handle?: Ref<ISidebarHandle>;
  /** Another atlas is shown. */
  onAtlas?: (atlas: string) => void;
  /** A dataset was chosen; `host.open` is called too, where there is one. */
  onOpened?: (record: DatasetRecord) => void;
  /** A row begins to be dragged; what it carries is the host's to say. */
  onDragRow?: (record: DatasetRecord, event: DragEvent) => void;
}

export function Sidebar(props: ISidebarProps) {
  const { onAtlas } = props;
  const t = useWords();
  const queries = useQueryClient();
  const [choices, change] = useChoices();
  const listed = useAtlases();
  const atlases = listed.data?.atlases;
  const atlas = shownAtlas(choices.atlas, atlases);
  const record = atlases?.find(({ name }) => name === atlas);
  const rights = useRights(atlas);
  const offline = useConnection().state === 'unreachable';
  const mayAdd = rights.mayWrite && !offline;
  const [inTrash, setInTrash] = useState(false);
  const [adding, setAdding] = useState<IDropped | null>(null);
  const [creating, setCreating] = useState(false);
  const mayCreate = useMayCreateAtlas();
  const actions = useActions();
  const searchField = useRef<HTMLInputElement>(null);
  const add = (files: IDropped = { files: [], folders: [] }) => mayAdd && setAdding(files);
  const refresh = () => void queries.invalidateQueries();
  const drop = useDrop(mayAdd, files => add(files));

  useEffect(() => {
    if (atlas) {
      onAtlas?.(atlas);
    }
  }, [atlas, onAtlas]);
  useImperativeHandle(props.handle, () => ({
    focusSearch: () => {
      setInTrash(false);
      searchField.current?.focus();
    },
    refresh,
    add: files => add({ files: files ?? [], folders: [] })
  }));
  const keyed = (event: KeyboardEvent) => {
    const typing = event.target instanceof Element && event.target.matches('input, textarea');
    if (event.key === '/' && !typing && !event.ctrlKey && !event.metaKey && !event.altKey) {
      event.preventDefault();
      searchField.current?.focus();
      searchField.current?.select();
    }
  };
  return (
    // Keys and drops of what is in it.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions
    <section
      className={classes('omicshelf-sidebar', drop.over && 'omicshelf-mod-drop')}
      aria-label={t('Datasets')}
      onKeyDown={keyed}
      {...drop.events}
    >
      {inTrash ? (
        <Trash key={atlas} atlas={atlas} actions={actions} onClose={() => setInTrash(false)} />
      ) : (
        <>
          <Head
            atlas={atlas}
            atlases={atlases ?? []}
            mayAdd={mayAdd}
            mayRestore={rights.mayAdmin && !offline}
            onChoose={name => change({ atlas: name })}
            onAdd={() => add()}
            onRefresh={refresh}
            onTrash={() => setInTrash(true)}
          />
          {atlas !== '' ? (
            <Panel
              key={atlas}
              atlas={atlas}
              record={record}
              rights={rights}
              choices={choices}
              change={change}
              searchField={searchField}
              onAdd={() => add()}
              onDragRow={props.onDragRow}
              onOpened={props.onOpened}
            />
          ) : listed.error ? (
            <Problem error={asCatalogError(listed.error)} onRetry={() => void listed.refetch()} />
          ) : listed.isPending ? (
            <Waiting label={t('Reading the atlases')}>
              <Skeleton rows={8} />
            </Waiting>
          ) : (
            <NoAtlas mayCreate={mayCreate} onCreate={() => setCreating(true)} />
          )}
        </>
      )}
      <Footer atlas={record} />
      {drop.over && (
        <div className="omicshelf-dropping" aria-hidden="true">
          <Icon name="upload" size="large" />
          {t('Drop to add to {atlas}', { atlas })}
        </div>
      )}
      {creating && (
        <NewAtlas
          onClose={() => setCreating(false)}
          onCreated={name => {
            setCreating(false);
            change({ atlas: name });
          }}
        />
      )}
      {adding && (
        <ErrorBoundary part={t('The dialog')} resetKey={adding}>
          <Suspense fallback={null}>
            <AddDialog atlas={atlas} dropped={adding} onClose={() => setAdding(null)} />
          </Suspense>
        </ErrorBoundary>
      )}
    </section>
  );
}

/** The atlas that is wished, as long as there may be one of that name; else the first. */
function shownAtlas(wished: string, atlases: readonly AtlasRecord[] | undefined): string {
  if (!atlases) {
    return wished;
  }
  return atlases.some(({ name }) => name === wished) ? wished : (atlases[0]?.name ?? '');
}

interface IHeadProps {
  atlas: string;
  atlases: readonly AtlasRecord[];
  mayAdd: boolean;
  mayRestore: boolean;
  onChoose: (atlas: string) => void;
  onAdd: () => void;
  onRefresh: () => void;
  onTrash: () => void;
}

function Head(props: IHeadProps) {
  const t = useWords();
  const fetching = useIsFetching() > 0;
  return (
    <div className="omicshelf-sidebar-head">
      <AtlasPicker atlas={props.atlas} atlases={props.atlases} onChoose={props.onChoose} />
      {props.mayAdd && <Button icon="plus" label={t('Add a dataset')} onClick={props.onAdd} />}
      <Button icon="refresh" label={t('Refresh')} busy={fetching} onClick={props.onRefresh} />
      {props.mayRestore && (
        <MenuButton
          icon="more"
          label={t('More')}
          menuLabel={t('More')}
          align="end"
          items={[{ label: t('Trash'), icon: 'trash', onSelect: props.onTrash }]}
        />
      )}
    </div>
  );
}

/** Files over the panel, and let go in it. */
function useDrop(enabled: boolean, onDrop: (files: IDropped) => void) {
  const host = useHost();
  const [over, setOver] = useState(false);
  const depth = useRef(0);
  const end = () => {
    depth.current = 0;
    setOver(false);
  };
  const events = {
    onDragEnter: (event: DragEvent) => {
      if (enabled && hasFiles(event.dataTransfer)) {
        depth.current += 1;
        setOver(true);
      }
    },
    onDragOver: (event: DragEvent) => {
      if (hasFiles(event.dataTransfer)) {
        // Else the browser opens the file in the place of the page.
        event.preventDefault();
        event.dataTransfer.dropEffect = enabled ? 'copy' : 'none';
      }
    },
    onDragLeave: () => {
      depth.current -= 1;
      if (depth.current <= 0) {
        end();
      }
    },
    onDrop: (event: DragEvent) => {
      end();
      if (!hasFiles(event.dataTransfer)) {
        return;
      }
      event.preventDefault();
      if (enabled) {
        dropped(event.dataTransfer).then(onDrop, () =>
          host.notify({ kind: 'error', text: host.t('What was dropped cannot be read') })
        );
      }
    }
  };
  return { over: over && enabled, events };
}
