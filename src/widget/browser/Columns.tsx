/** Datasets with a column for each fact. */

import { memo, type ReactNode, type Ref, useCallback } from 'react';

import type { DatasetRecord } from '../../api/records';
import {
  Age,
  bytes,
  classes,
  Icon,
  type IListHandle,
  type IRowState,
  List,
  type Selection,
  Text,
  typeIcon,
  useWords
} from '../../components/base';
import { shapeOf } from '../../components/sidebar/describe';

const ROW_HEIGHT = 24;
const MOST_ROWS = 10;
const FEWEST_ROWS = 3;

interface IColumnsProps {
  records: readonly DatasetRecord[];
  total: number;
  words: readonly string[];
  order: string;
  onOrder: (order: string) => void;
  current: string | null;
  selection: Selection;
  onSelect: (selection: Selection) => void;
  onChoose: (record: DatasetRecord) => void;
  onNearEnd: () => void;
  handle: Ref<IListHandle>;
  /** Shown in the place of the rows, as long as there are none. */
  waiting: ReactNode;
}

const keyOf = (record: DatasetRecord) => record.dataset_id;
const rowHeight = () => ROW_HEIGHT;

export function Columns(props: IColumnsProps) {
  const { records, words } = props;
  const t = useWords();
  const joined = words.join(' ');
  const renderRow = useCallback(
    (record: DatasetRecord, state: IRowState) => (
      <Row record={record} words={joined} selected={state.selected} />
    ),
    [joined]
  );
  const rows = Math.min(Math.max(props.total, FEWEST_ROWS), MOST_ROWS);
  return (
    <div className="omicshelf-browser-columns">
      <Header order={props.order} onOrder={props.onOrder} />
      <div className="omicshelf-browser-rows" style={{ height: rows * ROW_HEIGHT }}>
        {props.waiting || (
          <List<DatasetRecord>
            kind="grid"
            label={t('Datasets')}
            items={records}
            keyOf={keyOf}
            rowHeight={rowHeight}
            renderRow={renderRow}
            current={props.current}
            selection={props.selection}
            onSelect={props.onSelect}
            onActivate={props.onChoose}
            total={props.total}
            onNearEnd={props.onNearEnd}
            handle={props.handle}
          />
        )}
      </div>
    </div>
  );
}

interface IHeaderProps {
  order: string;
  onOrder: (order: string) => void;
}

/** A press on a column's name orders by it, and the next one turns it around. */
function Header({ order, onOrder }: IHeaderProps) {
  const t = useWords();
  const columns: readonly [name: string, label: string, first: string][] = [
    ['id', t('Dataset'), 'dataset_id'],
    ['study', t('Study'), 'study_id'],
    ['shape', t('Shape'), '-n_obs'],
    ['format', t('Format'), 'data_format'],
    ['size', t('Size'), '-size'],
    ['changed', t('Changed'), '-last_modified_at']
  ];
  return (
    <div role="group" aria-label={t('Order')} className="omicshelf-browser-columns-head">
      {columns.map(([name, label, first]) => {
        const field = first.replace('-', '');
        const on = order.replace('-', '') === field;
        const descending = order.startsWith('-');
        const turned = descending ? field : `-${field}`;
        return (
          <button
            key={name}
            type="button"
            className={classes('omicshelf-browser-columns-name', `omicshelf-mod-${name}`)}
            aria-pressed={on}
            onClick={() => onOrder(on ? turned : first)}
          >
            {label}
            {on && <Icon name={descending ? 'down' : 'up'} size="small" />}
          </button>
        );
      })}
    </div>
  );
}

const Row = memo(function Row(props: { record: DatasetRecord; words: string; selected: boolean }) {
  const { record } = props;
  const t = useWords();
  const { version } = record;
  const words = props.words ? props.words.split(' ') : [];
  const problems = version.problems ?? 0;
  return (
    <div className="omicshelf-browser-columns-row">
      <span className="omicshelf-browser-columns-id">
        <Icon name={typeIcon(version.data_type, version.data_format)} label={version.data_type} />
        <Text text={record.dataset_id} words={words} />
        {problems > 0 && (
          <span className="omicshelf-browser-columns-problems omicshelf-dim">
            <Icon name="warning" tone="warning" size="small" label={t('Warning')} />
            {t.plural('{n} problem', '{n} problems', problems)}
          </span>
        )}
      </span>
      <Text className="omicshelf-mod-study" text={record.study_id ?? ''} words={words} />
      <Text className="omicshelf-mod-shape omicshelf-number" text={shapeOf(t, version) ?? ''} />
      <Text
        className="omicshelf-mod-format"
        text={version.data_format?.replace('+gzip', '.gz') ?? ''}
      />
      <span className="omicshelf-mod-size omicshelf-number">{bytes(version.size ?? 0)}</span>
      <Age className="omicshelf-mod-changed omicshelf-number" time={record.last_modified_at} />
    </div>
  );
});
