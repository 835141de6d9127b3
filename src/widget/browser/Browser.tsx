/** The sidebar's browser with columns in the place of two-line rows. */

import { useEffect, useMemo, useRef, useState } from 'react';

import { asCatalogError } from '../../api/errors';
import type { DatasetRecord } from '../../api/records';
import {
  Button,
  type IListHandle,
  NOTHING,
  Problem,
  type Selection,
  exactly,
  useHost,
  useSlow,
  useWords
} from '../../components/base';
import { useAtlases, useFind } from '../../components/data';
import { AtlasPicker } from '../../components/sidebar/AtlasPicker';
import { FacetDrawer } from '../../components/sidebar/FacetDrawer';
import { Searching, useFound } from '../../components/sidebar/Panel';
import { isEmpty, nFilters, questionOf, wordsOf } from '../../components/sidebar/query';
import { SearchBox } from '../../components/sidebar/SearchBox';
import { type IChoices, useRecent } from '../../components/sidebar/state';
import { NothingFound, Unanswered } from '../../components/sidebar/states';
import { useTrait } from '../traits';
import type { IViewProps } from '../View';
import { Columns } from './Columns';
import { LoadBar } from './LoadBar';
import { useQueryTrait } from './useQueryTrait';

export function Browser({ model }: IViewProps) {
  const t = useWords();
  const [atlas, setAtlas] = useTrait(model, 'atlas');
  const listed = useAtlases();
  const { atlases = [] } = listed.data ?? {};
  if (listed.error && !listed.data) {
    return <Problem error={asCatalogError(listed.error)} onRetry={() => void listed.refetch()} />;
  }
  const picker = <AtlasPicker atlas={atlas ?? ''} atlases={atlases} onChoose={setAtlas} />;
  if (atlas === null) {
    return (
      <div className="omicshelf-browser">
        <div className="omicshelf-browser-head">{picker}</div>
        <p className="omicshelf-browser-empty omicshelf-dim">
          {t('Choose an atlas, or make one.')}
        </p>
      </div>
    );
  }
  const total = atlases.find(({ name }) => name === atlas)?.n_datasets ?? null;
  return <OfAtlas key={atlas} model={model} atlas={atlas} total={total} picker={picker} />;
}

interface IOfAtlasProps extends IViewProps {
  atlas: string;
  total: number | null;
  picker: React.ReactNode;
}

const VIEW: Pick<IChoices, 'atlas' | 'view' | 'open'> = { atlas: '', view: 'list', open: {} };

function OfAtlas({ model, atlas, total, picker }: IOfAtlasProps) {
  const t = useWords();
  const { search, settled, set } = useQueryTrait(model);
  const [recent, remember] = useRecent(atlas);
  const [filters, setFilters] = useState(false);
  const [open, setOpen] = useState<Record<string, boolean>>({});
  const [order, setOrder] = useState('-last_modified_at');
  const found = useFound(atlas, settled, { ...VIEW, order, filters });
  const rows = useRows(atlas, found.search, order, found.setRowsError);
  const chosen = useChosen(model, rows.records);
  const list = useRef<IListHandle>(null);
  const field = useRef<HTMLInputElement>(null);
  const slow = useSlow(found.isOld);
  const n = nFilters(search);
  const nFound = found.counts?.total ?? null;
  return (
    <div className="omicshelf-browser">
      <div className="omicshelf-browser-head">
        {picker}
        <SearchBox
          atlas={atlas}
          search={search}
          fields={found.allFields}
          recent={recent}
          problem={found.problem}
          input={field}
          onChange={set}
          onDone={remember}
          onLeave={() => list.current?.focus()}
        />
        <Button
          icon="filter"
          label={n ? t('Filters, {n} on', { n }) : t('Filters')}
          expanded={filters}
          disabled={total === 0}
          onClick={() => setFilters(!filters)}
        >
          {t('Filters')} {n > 0 && <span className="omicshelf-number">{n}</span>}
        </Button>
        <span className="omicshelf-browser-count omicshelf-dim omicshelf-number">
          {slow ? t('searching…') : countOf(t, nFound, total)}
        </span>
      </div>
      {filters && total !== 0 && (
        <FacetDrawer
          atlas={atlas}
          search={search}
          fields={found.fields}
          counts={found.counts?.facets ?? {}}
          open={open}
          onOpen={(name, isOpen) => setOpen({ ...open, [name]: isOpen })}
          onChange={set}
        />
      )}
      {found.error &&
        (found.offline ? (
          <Unanswered error={found.error} readAt={found.readAt} onRetry={found.retry} />
        ) : (
          <Problem error={found.error} onRetry={found.retry} />
        ))}
      {nFound === 0 && !found.isOld ? (
        isEmpty(found.search) ? (
          <p className="omicshelf-browser-empty omicshelf-dim">
            {t('No datasets yet. Save one: catalog.save("my_dataset", adata)')}
          </p>
        ) : (
          <NothingFound search={search} onChange={set} />
        )
      ) : (
        <Columns
          records={rows.records}
          total={rows.hasMore ? (nFound ?? rows.records.length + 1) : rows.records.length}
          words={wordsOf(found.search)}
          order={order}
          onOrder={setOrder}
          current={chosen.current}
          selection={chosen.selection}
          onSelect={chosen.select}
          onChoose={chosen.choose}
          onNearEnd={rows.more}
          handle={list}
          waiting={rows.isPending && <Searching atlas={atlas} failed={found.error !== null} />}
        />
      )}
      <LoadBar model={model} records={chosen.records} offline={found.offline} />
    </div>
  );
}

function countOf(
  t: ReturnType<typeof useWords>,
  found: number | null,
  total: number | null
): string {
  if (found === null) {
    return '';
  }
  return total === null || found >= total
    ? t.plural('{n} dataset', '{n} datasets', found, { n: exactly(found) })
    : t('{n} of {all}', { n: exactly(found), all: exactly(total) });
}

/** The datasets that were found, a page after the other. */
function useRows(
  atlas: string,
  search: ReturnType<typeof useFound>['search'],
  orderBy: string,
  onError: (error: Error | null) => void
) {
  const { settings } = useHost();
  const found = useFind(atlas, {
    ...questionOf(search),
    orderBy,
    limit: settings.pageSize,
    count: false
  });
  const { data, error, isPending, hasNextPage, isFetching } = found;
  useEffect(() => onError(error), [error, onError]);
  const records = useMemo(() => data?.pages.flatMap(page => page.datasets) ?? [], [data]);
  return {
    records,
    isPending,
    hasMore: hasNextPage,
    more: () => {
      if (hasNextPage && !isFetching) {
        void found.fetchNextPage();
      }
    }
  };
}

/** The row that is chosen, and those that are selected: Python sees both. */
function useChosen(model: IViewProps['model'], rows: readonly DatasetRecord[]) {
  const [current, setCurrent] = useTrait(model, 'value');
  const [ids, setIds] = useTrait(model, 'selected');
  const [, setVersion] = useTrait(model, 'version');
  // A row that the search shows no more is still chosen.
  const known = useRef(new Map<string, DatasetRecord>());
  rows.forEach(row => known.current.set(row.dataset_id, row));
  const selection: Selection = useMemo(() => (ids.length ? new Set(ids) : NOTHING), [ids]);
  const wanted = ids.length > 1 || current === null ? ids : [current];
  return {
    current,
    selection,
    records: wanted.flatMap(id => known.current.get(id) ?? []),
    select: (next: Selection) => setIds([...next]),
    choose: (record: DatasetRecord) => {
      setVersion(null);
      setCurrent(record.dataset_id);
    }
  };
}
