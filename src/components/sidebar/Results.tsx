/** What a search found: as a list, or as a tree by study. */

import {
  type DragEvent,
  type KeyboardEvent,
  type ReactNode,
  type Ref,
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState
} from 'react';

import { asCatalogError, isAborted } from '../../api/errors';
import type { DatasetRecord, Page } from '../../api/records';
import {
  type Anchor,
  type IListHandle,
  type IRowState,
  Icon,
  LinkButton,
  List,
  type Selection,
  Text,
  count,
  useHost,
  useWords
} from '../base';
import { useFind } from '../data';
import type { ILoad } from '../dialogs/load';
import { reasonOf } from './describe';
import { type ISearch, questionOf, wordsOf } from './query';
import { useStudyRows } from './reading';
import { Row, heightOf } from './Row';
import { MOST_OF_STUDY, type TreeRow, openStudies, studiesOf, treeRows, wantedOf } from './rows';

/** What both ways of showing datasets are given. */
export interface IResultsProps {
  atlas: string;
  search: ISearch;
  order: string;
  /** How many there are, by study too; undefined until it is known. */
  counts: Page | undefined;
  current: string | null;
  selection: Selection;
  load: ILoad | null;
  handle: Ref<IListHandle>;
  /** What stands here until the first rows are there, and where their reading was stopped. */
  waiting: ReactNode;
  onSelect?: (selection: Selection) => void;
  /** The records of all rows, as they come and go. */
  onRows: (records: readonly DatasetRecord[]) => void;
  onOpen: (record: DatasetRecord) => void;
  onKey: (event: KeyboardEvent, record: DatasetRecord) => boolean;
  onMenu: (record: DatasetRecord, anchor: Anchor) => void;
  onDrag?: (record: DatasetRecord, event: DragEvent) => void;
  /** Why the rows could not be read. */
  onError: (error: Error | null) => void;
}

const keyOf = (record: DatasetRecord) => record.dataset_id;

export function ListResults(props: IResultsProps) {
  const { atlas, search, order, counts, onError, onRows } = props;
  const t = useWords();
  const { settings } = useHost();
  const found = useFind(atlas, {
    ...questionOf(search),
    orderBy: order,
    limit: settings.pageSize,
    count: false
  });
  const records = useMemo(
    () => found.data?.pages.flatMap(page => page.datasets) ?? [],
    [found.data]
  );
  const { error } = found;
  useEffect(() => onError(error), [error, onError]);
  useEffect(() => onRows(records), [records, onRows]);
  const words = useStable(wordsOf(search));
  const rows = useRows(props, words, true);
  if (!found.data) {
    return <>{props.waiting}</>;
  }
  return (
    <List<DatasetRecord>
      kind="grid"
      label={t('Datasets')}
      className="omicshelf-datasets"
      items={records}
      keyOf={keyOf}
      rowHeight={rows.height}
      renderRow={rows.render}
      current={props.current}
      selection={props.selection}
      onSelect={props.onSelect}
      onActivate={props.onOpen}
      onKey={props.onKey}
      onMenu={props.onMenu}
      onDragStart={props.onDrag}
      total={found.hasNextPage ? (counts?.total ?? records.length + 1) : records.length}
      onSeen={found.see}
      onNearEnd={() => {
        if (found.hasNextPage && !found.isFetching) {
          void found.fetchNextPage();
        }
      }}
      handle={props.handle}
    />
  );
}

const treeKeyOf = (row: TreeRow) => row.key;
const STUDY_HEIGHT = 26;

export function TreeResults(props: IResultsProps & { onShowStudy: (study: string) => void }) {
  const { atlas, search, order, counts, onError, onRows } = props;
  const t = useWords();
  const [toggled, setToggled] = useState<ReadonlyMap<string | null, boolean>>(new Map());
  const [limits, setLimits] = useState<ReadonlyMap<string | null, number>>(new Map());
  const studies = useMemo(
    () => studiesOf(counts?.facets?.study_id ?? {}, counts?.total ?? null),
    [counts]
  );
  const open = useMemo(() => openStudies(studies, toggled), [studies, toggled]);
  const found = useStudyRows(atlas, search, order, wantedOf(open, limits));
  const rows = useMemo(() => treeRows(studies, found), [studies, found]);
  const records = useStable(
    useMemo(() => rows.flatMap(row => (row.kind === 'dataset' ? [row.record] : [])), [rows])
  );
  useEffect(() => onRows(records), [records, onRows]);
  // A study that cannot be read says so in its own place.
  useEffect(() => onError(null), [onError]);

  const words = useStable(wordsOf(search));
  const datasetRows = useRows(props, words, false);
  const toggle = useCallback(
    (row: TreeRow, isOpen: boolean) =>
      row.kind === 'study' && setToggled(before => new Map(before).set(row.study, isOpen)),
    []
  );
  const { onShowStudy } = props;
  const more = useCallback(
    (row: TreeRow) => {
      if (row.kind !== 'more') {
        return;
      }
      setLimits(before => {
        const now = before.get(row.study);
        if (now === MOST_OF_STUDY && row.study !== null) {
          onShowStudy(row.study);
        }
        return new Map(before).set(row.study, MOST_OF_STUDY);
      });
    },
    [onShowStudy]
  );
  const { render, height } = datasetRows;
  const heightOfRow = useCallback(
    (row: TreeRow) => (row.kind === 'dataset' ? height(row.record) : STUDY_HEIGHT),
    [height]
  );
  const renderRow = useCallback(
    (row: TreeRow, state: IRowState) =>
      row.kind === 'dataset' ? (
        render(row.record, state)
      ) : (
        <OtherRow row={row} words={words} focused={state.focused} onMore={more} />
      ),
    [render, words, more]
  );
  if (!counts) {
    return <>{props.waiting}</>;
  }
  const onDataset = (row: TreeRow, act: (record: DatasetRecord) => void) =>
    row.kind === 'dataset' && act(row.record);
  return (
    <List<TreeRow>
      kind="treegrid"
      label={t('Datasets by study')}
      className="omicshelf-datasets"
      items={rows}
      keyOf={treeKeyOf}
      rowHeight={heightOfRow}
      renderRow={renderRow}
      branch={branchOf}
      onToggle={toggle}
      current={props.current}
      selection={props.selection}
      onSelect={props.onSelect}
      canSelect={isDataset}
      onActivate={row => (row.kind === 'dataset' ? props.onOpen(row.record) : more(row))}
      onKey={(event, row) => row.kind === 'dataset' && props.onKey(event, row.record)}
      onMenu={(row, anchor) => onDataset(row, record => props.onMenu(record, anchor))}
      onDragStart={
        props.onDrag && ((row, event) => onDataset(row, record => props.onDrag?.(record, event)))
      }
      handle={props.handle}
    />
  );
}

function isDataset(row: TreeRow): boolean {
  return row.kind === 'dataset';
}

function branchOf(row: TreeRow): { level: number; open?: boolean } {
  return row.kind === 'study' ? { level: 1, open: row.open } : { level: 2 };
}

interface IOtherRowProps {
  row: Exclude<TreeRow, { kind: 'dataset' }>;
  words: readonly string[];
  focused: boolean;
  onMore: (row: TreeRow) => void;
}

function OtherRow({ row, words, focused, onMore }: IOtherRowProps) {
  const t = useWords();
  switch (row.kind) {
    case 'study':
      return (
        <div className="omicshelf-study">
          <Icon name={row.open ? 'down' : 'right'} size="small" className="omicshelf-flips" />
          {row.study === null ? (
            <span className="omicshelf-study-name omicshelf-dim">{t('In no study')}</span>
          ) : (
            <Text className="omicshelf-study-name" text={row.study} words={words} />
          )}
          <span className="omicshelf-number omicshelf-dim">{count(row.n)}</span>
        </div>
      );
    case 'more':
      return (
        <div className="omicshelf-study-more">
          <LinkButton
            className={focused ? undefined : 'omicshelf-untabbed'}
            onClick={() => onMore(row)}
          >
            {t('{n} more', { n: count(row.left) })}
          </LinkButton>
        </div>
      );
    case 'pending':
      return (
        <div className="omicshelf-study-more omicshelf-dim" aria-busy="true">
          {t('reading…')}
        </div>
      );
    case 'failed':
      return (
        <div className="omicshelf-study-more">
          <Icon name="error" tone="error" size="small" />
          <Text text={isAborted(row.error) ? t('Stopped') : asCatalogError(row.error).title} />
        </div>
      );
  }
}

/** How the rows of datasets are drawn, with an identity that changes only when they do. */
function useRows(props: IResultsProps, words: readonly string[], flat: boolean) {
  const t = useWords();
  const { load, selection, onSelect } = props;
  const selecting = selection.size > 0;
  const height = useCallback(
    (record: DatasetRecord) =>
      heightOf(record, words.length > 0 && reasonOf(t, record, words) !== null),
    [t, words]
  );
  const select = useCallback(
    (id: string) => {
      const next = new Set(selection);
      if (!next.delete(id)) {
        next.add(id);
      }
      onSelect?.(next);
    },
    [selection, onSelect]
  );
  const render = useCallback(
    (record: DatasetRecord, state: IRowState) => (
      <Row
        record={record}
        words={words}
        load={load}
        selecting={selecting}
        selected={state.selected}
        focused={state.focused}
        flat={flat}
        onSelect={() => select(record.dataset_id)}
      />
    ),
    [words, load, selecting, flat, select]
  );
  return useMemo(() => ({ height, render }), [height, render]);
}

/** The same list again as long as what is in it is the same. */
function useStable<T>(list: readonly T[]): readonly T[] {
  const kept = useRef(list);
  const { current } = kept;
  if (current.length !== list.length || !current.every((one, i) => Object.is(one, list[i]))) {
    kept.current = list;
  }
  return kept.current;
}
