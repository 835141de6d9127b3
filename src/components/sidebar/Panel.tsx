/** The datasets of one atlas: search, filters, list, and what is done with them. */

import { useQueryClient } from '@tanstack/react-query';
import {
  type DragEvent,
  type KeyboardEvent,
  type RefObject,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState
} from 'react';

import { Unreachable, asCatalogError, isAborted } from '../../api/errors';
import type { AtlasRecord, DatasetRecord, Page } from '../../api/records';
import {
  type Anchor,
  type IListHandle,
  Menu,
  NOTHING,
  Problem,
  type Selection,
  Skeleton,
  Waiting,
  useAnnounce,
  useHost
} from '../base';
import { type IRights, keys, useAtlases, useConnection } from '../data';
import { type ILoad, useLoad } from '../dialogs/load';
import { refOf, useActions } from './actions';
import { CopyDialog, DeleteDialog, StudyDialog } from './dialogs';
import { FACET_LIMIT, FacetDrawer } from './FacetDrawer';
import { facetsOf } from './facets';
import { rowMenu } from './menus';
import { type ISearch, NO_SEARCH, isEmpty, nFilters, withValues } from './query';
import { useCounts, useMetadataKeys } from './reading';
import { ListResults, TreeResults } from './Results';
import { MOST_STUDIES } from './rows';
import { SearchBox } from './SearchBox';
import { SelectionBar } from './SelectionBar';
import { type IChoices, useRecent, useSearch } from './state';
import { EmptyAtlas, NothingFound, Stopped, Unanswered } from './states';
import { Toolbar } from './Toolbar';

export interface IPanelProps {
  atlas: string;
  record: AtlasRecord | undefined;
  rights: IRights;
  choices: IChoices;
  change: (some: Partial<IChoices>) => void;
  searchField: RefObject<HTMLInputElement>;
  onAdd: () => void;
  onDragRow?: (record: DatasetRecord, event: DragEvent) => void;
  onOpened?: (record: DatasetRecord) => void;
}

export function Panel(props: IPanelProps) {
  const { atlas, record, rights, choices, change, searchField } = props;
  const search = useSearch();
  const [recent, remember] = useRecent(atlas);
  const found = useFound(atlas, search.settled, choices);
  const rows = useSelected();
  const list = useRef<IListHandle>(null);
  const doing = useDoing(props, rows.selected, found.offline);
  const { load } = doing;
  const total = record ? (record.n_datasets ?? 0) : null;
  const nothing = found.counts?.total === 0 && !found.isOld;
  const shared = {
    atlas,
    search: found.search,
    order: choices.order,
    counts: found.counts,
    current: doing.current,
    selection: rows.selection,
    load,
    handle: list,
    waiting: <Searching atlas={atlas} failed={found.error !== null} />,
    onSelect: rows.select,
    onRows: rows.seen,
    onOpen: doing.open,
    onKey: doing.keyed,
    onMenu: doing.menu,
    onDrag: props.onDragRow,
    onError: found.setRowsError
  };
  return (
    <>
      <div className="omicshelf-sidebar-top">
        <SearchBox
          atlas={atlas}
          search={search.search}
          fields={found.allFields}
          recent={recent}
          problem={found.problem}
          input={searchField}
          onChange={search.set}
          onDone={remember}
          onLeave={() => list.current?.focus()}
        />
        <Toolbar
          choices={choices}
          change={change}
          nFilters={nFilters(search.search)}
          found={found.counts?.total ?? null}
          total={total}
          searching={found.isOld}
          disabled={total === 0}
        />
      </div>
      {choices.filters && total !== 0 && (
        <FacetDrawer
          atlas={atlas}
          search={search.search}
          fields={found.fields}
          counts={found.counts?.facets ?? {}}
          open={choices.open}
          onOpen={(field, open) => change({ open: { ...choices.open, [field]: open } })}
          onChange={search.set}
        />
      )}
      {found.error &&
        (found.offline ? (
          <Unanswered error={found.error} readAt={found.readAt} onRetry={found.retry} />
        ) : (
          <Problem error={found.error} onRetry={found.retry} />
        ))}
      {nothing && isEmpty(found.search) ? (
        <EmptyAtlas
          atlas={atlas}
          mayWrite={rights.mayWrite && !found.offline}
          onAdd={props.onAdd}
        />
      ) : nothing ? (
        <NothingFound search={search.search} onChange={search.set} />
      ) : choices.view === 'list' || hasNoStudy(found.counts) ? (
        <ListResults {...shared} />
      ) : (
        <TreeResults
          {...shared}
          onShowStudy={study => {
            search.set(withValues(search.search, 'study_id', [study]));
            change({ view: 'list' });
          }}
        />
      )}
      {rows.selected.length > 0 && (
        <SelectionBar
          records={rows.selected}
          onClear={() => rows.select(NOTHING)}
          onLoad={load ? () => void doing.loadAll() : undefined}
          onStudy={doing.mayWrite ? () => doing.ask('study', rows.selected) : undefined}
          onDelete={doing.mayAdmin ? () => doing.remove(rows.selected) : undefined}
          onDownload={() => void doing.actions.download(rows.selected)}
        />
      )}
      {doing.floating}
    </>
  );
}

/** A tree of one branch that is called "In no study" tells nothing. */
function hasNoStudy(counts: Page | undefined): boolean {
  return counts !== undefined && Object.keys(counts.facets?.study_id ?? {}).length === 0;
}

/** The rows are on their way, or were stopped. */
export function Searching({ atlas, failed }: { atlas: string; failed: boolean }) {
  const { t } = useHost();
  const queries = useQueryClient();
  const [stopped, setStopped] = useState(false);
  if (failed) {
    return null;
  }
  if (stopped) {
    return (
      <Stopped
        onAgain={() => {
          setStopped(false);
          void queries.invalidateQueries({ queryKey: keys.finds(atlas) });
        }}
      />
    );
  }
  return (
    <Waiting
      className="omicshelf-searching"
      label={t('Searching')}
      onCancel={() => {
        setStopped(true);
        void queries.cancelQueries({ queryKey: keys.finds(atlas) });
      }}
    >
      <Skeleton rows={8} />
    </Waiting>
  );
}

/** What a search finds: counts, what is wrong with it, and what is shown where it is wrong. */
export function useFound(atlas: string, settled: ISearch, choices: IChoices) {
  const { settings, feed, t } = useHost();
  const queries = useQueryClient();
  const announce = useAnnounce();
  const connection = useConnection();
  const [rowsError, setRowsError] = useState<Error | null>(null);
  // The first rows do not wait behind what is needed for filters alone.
  const known = useMetadataKeys(atlas, choices.filters || !isEmpty(settled)).data;
  const fields = useMemo(() => facetsOf(settings.facets, known), [settings.facets, known]);
  const allFields = useMemo(() => searchFields(fields, known?.keys ?? []), [fields, known]);
  const byStudy = choices.view === 'tree';
  const facets = useMemo(
    () => [...new Set([...(byStudy ? ['study_id'] : []), ...(choices.filters ? fields : [])])],
    [byStudy, choices.filters, fields]
  );
  const asked = useCounts(atlas, settled, facets, byStudy ? MOST_STUDIES : FACET_LIMIT);

  const failure = asked.error ?? rowsError;
  const error = failure && !isAborted(failure) ? asCatalogError(failure) : null;
  const isWrong = error !== null && error.kind === 'Invalid' && !isEmpty(settled);
  // What cannot be understood changes nothing of what is shown.
  const understood = useRef<{ search: ISearch; counts: Page | undefined }>({
    search: NO_SEARCH,
    counts: undefined
  });
  if (asked.data && !asked.isPlaceholderData && !asked.error) {
    understood.current = { search: settled, counts: asked.data };
  }
  const search = isWrong ? understood.current.search : settled;
  const counts = asked.data ?? (error ? understood.current.counts : undefined);
  const count = asked.isPlaceholderData ? null : (asked.data?.total ?? null);
  useEffect(() => {
    if (count !== null) {
      announce(t.plural('{n} dataset found', '{n} datasets found', count));
    }
  }, [count, announce, t]);
  const lost = connection.state === 'unreachable';
  return {
    search,
    counts,
    fields,
    allFields,
    isOld: asked.isPlaceholderData || asked.isPending,
    readAt: asked.dataUpdatedAt,
    problem: isWrong ? [error.title, error.detail].filter(Boolean).join(' ') : null,
    error: isWrong ? null : lost ? connection.error : error,
    offline: lost || error instanceof Unreachable,
    setRowsError,
    retry: () => {
      feed.retry();
      void queries.invalidateQueries();
    }
  };
}

/** The names that a search can begin a filter with. */
function searchFields(
  fields: readonly string[],
  found: readonly { key: string }[]
): readonly string[] {
  const others = ['dataset_id', 'author', 'size', 'n_obs', 'n_vars'];
  const times = ['created_at', 'last_modified_at'];
  return [...new Set([...fields, ...found.map(({ key }) => key), ...others, ...times])];
}

/** The rows that are selected, and their records, also those that are shown no more. */
function useSelected() {
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const records = useRef(new Map<string, DatasetRecord>());
  const [, renew] = useState(0);
  const seen = useCallback((rows: readonly DatasetRecord[]) => {
    for (const row of rows) {
      records.current.set(row.dataset_id, row);
    }
    renew(n => n + 1);
  }, []);
  const selected = [...selection].flatMap(id => records.current.get(id) ?? []);
  return { selection, select: setSelection, seen, selected };
}

type Asked = { kind: 'study' | 'copy' | 'delete'; records: readonly DatasetRecord[] };

/** What is done with rows, by keys, menus and the bar of several. */
function useDoing(props: IPanelProps, selected: readonly DatasetRecord[], offline: boolean) {
  const host = useHost();
  const { onOpened } = props;
  const actions = useActions();
  const loading = useLoad();
  const load = useStableLoad(offline ? null : loading);
  const atlases = useAtlases().data;
  const [current, setCurrent] = useState<string | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [menu, setMenu] = useState<{ record: DatasetRecord; anchor: Anchor } | null>(null);
  const mayWrite = props.rights.mayWrite && !offline;
  const mayAdmin = props.rights.mayAdmin && !offline;
  const ask = (kind: Asked['kind'], records: readonly DatasetRecord[]) =>
    setAsked({ kind, records });
  const remove = (records: readonly DatasetRecord[]) =>
    records.length === 1 ? void actions.remove(records) : ask('delete', records);
  const open = useCallback(
    (record: DatasetRecord) => {
      setCurrent(record.dataset_id);
      host.open?.(refOf(record));
      onOpened?.(record);
    },
    [host, onOpened]
  );
  const keyed = (event: KeyboardEvent, record: DatasetRecord): boolean => {
    const command = event.ctrlKey || event.metaKey;
    if (event.key === 'Enter' && command && load) {
      void load.load(refOf(record), record.version);
    } else if (event.key === 'Enter' && event.shiftKey && load) {
      void load.load(refOf(record), record.version, { how: 'insert' });
    } else if (event.key === 'Delete' && mayAdmin) {
      remove(selected.some(one => one.dataset_id === record.dataset_id) ? selected : [record]);
    } else if (event.key.toLowerCase() === 'c' && command && !event.shiftKey) {
      actions.copyId(record);
    } else {
      return false;
    }
    return true;
  };
  const loadAll = async () => {
    for (const record of selected) {
      // One after the other: a kernel runs one cell at a time.
      await load?.load(refOf(record), record.version);
    }
  };
  const others = (atlases?.atlases ?? []).some(
    ({ name }) => name !== props.atlas && (atlases?.roles[name] ?? 'viewer') !== 'viewer'
  );
  const close = () => setAsked(null);
  const of = asked && { records: asked.records, actions, onClose: close };
  const floating = (
    <>
      {loading?.dialog}
      {menu && (
        <Menu
          anchor={menu.anchor}
          label={t(host, menu.record)}
          items={rowMenu({
            host,
            record: menu.record,
            load,
            actions,
            mayWrite,
            mayAdmin,
            others: others && !offline,
            isMac: /Mac|iPhone|iPad/.test(navigator.platform),
            onStudy: () => ask('study', [menu.record]),
            onCopyTo: () => ask('copy', [menu.record])
          })}
          onClose={() => setMenu(null)}
        />
      )}
      {of && asked.kind === 'study' && <StudyDialog {...of} />}
      {of && asked.kind === 'copy' && <CopyDialog {...of} />}
      {of && asked.kind === 'delete' && <DeleteDialog {...of} />}
    </>
  );
  return {
    actions,
    load,
    current,
    open,
    keyed,
    loadAll,
    ask,
    remove,
    mayWrite,
    mayAdmin,
    floating,
    menu: (record: DatasetRecord, anchor: Anchor) => setMenu({ record, anchor })
  };
}

function t(host: ReturnType<typeof useHost>, record: DatasetRecord): string {
  return host.t('Actions of {id}', { id: record.dataset_id });
}

/** The same as long as it does the same: every row is given it. */
function useStableLoad(load: ILoad | null): ILoad | null {
  const { load: run, choose, loading } = load ?? {};
  return useMemo(
    () => (run && choose ? { load: run, choose, loading: loading ?? null, dialog: null } : null),
    [run, choose, loading]
  );
}
