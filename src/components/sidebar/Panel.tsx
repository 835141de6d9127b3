/** The datasets of one atlas: search, filters, list, and what is done with them. */

import { useQueryClient } from '@tanstack/react-query';
import { type DragEvent, type RefObject, useRef, useState } from 'react';

import type { AtlasRecord, DatasetRecord, Page } from '../../api/records';
import { type IListHandle, NOTHING, Problem, Skeleton, Waiting, useHost } from '../base';
import { type IRights, keys } from '../data';
import { FacetDrawer } from './FacetDrawer';
import { isEmpty, nFilters, withValues } from './query';
import { ListResults, TreeResults } from './Results';
import { SearchBox } from './SearchBox';
import { SelectionBar } from './SelectionBar';
import { type IChoices, useRecent, useSearch } from './state';
import { EmptyAtlas, NothingFound, Stopped, Unanswered } from './states';
import { Toolbar } from './Toolbar';
import { useDoing, useSelected } from './useDoing';
import { useFound } from './useFound';

// Another list of datasets is searched in the same way.
export { useFound } from './useFound';

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
