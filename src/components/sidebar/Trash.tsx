/** The datasets that were deleted: they are brought back with all versions and files. */

import { useCallback, useMemo, useRef, useState } from 'react';

import { asCatalogError } from '../../api/errors';
import type { DatasetRecord } from '../../api/records';
import {
  Age,
  Button,
  EmptyState,
  Icon,
  type IListHandle,
  type IRowState,
  List,
  Problem,
  Skeleton,
  Text,
  TextField,
  Waiting,
  typeIcon,
  useHost,
  useWords
} from '../base';
import { useFind } from '../data';
import type { IActions } from './actions';
import { factsOf } from './describe';

const ROW_HEIGHT = 43;
const FOCUSED_HEIGHT = 72;

export interface ITrashProps {
  atlas: string;
  actions: IActions;
  onClose: () => void;
}

export function Trash({ atlas, actions, onClose }: ITrashProps) {
  const t = useWords();
  const { settings } = useHost();
  const [text, setText] = useState('');
  const list = useRef<IListHandle>(null);
  const found = useFind(atlas, {
    deleted: true,
    limit: settings.pageSize,
    // Deleted datasets have no text to search in: their ids are looked at.
    where: text.trim() ? [['dataset_id', 'contains', text.trim()]] : undefined
  });
  const records = useMemo(
    () => found.data?.pages.flatMap(page => page.datasets) ?? [],
    [found.data]
  );
  const total = found.data?.pages[0]?.total ?? 0;
  const [focused, setFocused] = useState<string | null>(null);
  const rows = useTrashRows(actions, focused, setFocused);
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Escape leaves it
    <section
      className="omicshelf-trash"
      aria-label={t('Trash')}
      onKeyDown={event => {
        if (event.key === 'Escape' && !event.defaultPrevented) {
          onClose();
        }
      }}
    >
      <div className="omicshelf-sidebar-top">
        <div className="omicshelf-line">
          <Button icon="left" label={t('Back to the list')} onClick={onClose} />
          <Icon name="trash" />
          <h2 className="omicshelf-grow">{t('Trash')}</h2>
          <span className="omicshelf-dim omicshelf-number">{total}</span>
        </div>
        <TextField
          kind="search"
          icon="search"
          label={t('Search the trash')}
          placeholder={t('Search the trash')}
          clearable
          value={text}
          onChange={setText}
          onEnter={() => list.current?.focus()}
        />
        <div className="omicshelf-line omicshelf-small">
          <Icon name="info" size="small" />
          <span>{t('Kept with all versions and files until an admin purges them.')}</span>
        </div>
      </div>
      {found.error ? (
        <Problem error={asCatalogError(found.error)} onRetry={() => void found.refetch()} />
      ) : found.isPending ? (
        <Waiting label={t('Reading the trash')}>
          <Skeleton />
        </Waiting>
      ) : records.length ? (
        <List<DatasetRecord>
          kind="grid"
          label={t('Deleted datasets')}
          className="omicshelf-datasets"
          items={records}
          keyOf={keyOf}
          rowHeight={rows.height}
          renderRow={rows.render}
          current={focused}
          total={total}
          onActivate={record => setFocused(record.dataset_id)}
          onSeen={found.see}
          onNearEnd={() => found.hasNextPage && !found.isFetching && void found.fetchNextPage()}
          handle={list}
        />
      ) : (
        <EmptyState title={text ? t('Nothing found') : t('The trash is empty')} />
      )}
    </section>
  );
}

const keyOf = (record: DatasetRecord) => record.dataset_id;

function useTrashRows(
  actions: IActions,
  focused: string | null,
  onRestored: (id: string | null) => void
) {
  const t = useWords();
  const height = useCallback(
    (record: DatasetRecord) => (record.dataset_id === focused ? FOCUSED_HEIGHT : ROW_HEIGHT),
    [focused]
  );
  const render = useCallback(
    (record: DatasetRecord, state: IRowState) => (
      <div className="omicshelf-dataset omicshelf-mod-flat">
        <Icon
          name={typeIcon(record.version.data_type, record.version.data_format)}
          label={record.version.data_type}
        />
        <Text className="omicshelf-dataset-id" text={record.dataset_id} />
        <span className="omicshelf-dataset-end">
          <Age className="omicshelf-dim omicshelf-small" time={record.last_modified_at} />
        </span>
        <Text className="omicshelf-dataset-facts omicshelf-dim" text={factsOf(t, record.version)} />
        {state.current && (
          <span className="omicshelf-dataset-acts">
            <Button
              look="bordered"
              size="small"
              icon="rollback"
              label={t('Restore {id}', { id: record.dataset_id })}
              onClick={() => {
                onRestored(null);
                void actions.restore([record]);
              }}
            >
              {t('Restore')}
            </Button>
          </span>
        )}
      </div>
    ),
    [t, actions, onRestored]
  );
  return { height, render };
}
