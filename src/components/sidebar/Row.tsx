/** A dataset in the list: what it is, what is wrong with it, why it was found; Load. */

import { useMemo } from 'react';

import type { DatasetRecord } from '../../api/records';
import { Age, Checkbox, Icon, Text, classes, typeIcon, useWords } from '../base';
import { useSummary } from '../data';
import { type ILoad, LoadButton } from '../dialogs/load';
import { factsOf, reasonOf } from './describe';

/** Heights of a row, in pixels: two lines, and one for each that is added. */
export const ROW_HEIGHT = 43;
export const EXTRA_LINE = 17;

export interface IRowProps {
  record: DatasetRecord;
  words: readonly string[];
  /** Loading; null where there is nothing to load into, or nothing can be read. */
  load: ILoad | null;
  /** Several are being selected. */
  selecting: boolean;
  selected: boolean;
  focused: boolean;
  flat: boolean;
  onSelect: () => void;
}

export function Row(props: IRowProps) {
  const { record, words, load, selecting, selected, focused, flat, onSelect } = props;
  const t = useWords();
  const { version } = record;
  const reason = useMemo(() => reasonOf(t, record, words), [t, record, words]);
  return (
    <div className={classes('omicshelf-dataset', flat && 'omicshelf-mod-flat')}>
      {selecting && (
        <span className="omicshelf-dataset-check">
          <Checkbox
            label={t('Select {id}', { id: record.dataset_id })}
            checked={selected}
            tabIndex={-1}
            onChange={onSelect}
          />
        </span>
      )}
      <Icon name={typeIcon(version.data_type, version.data_format)} label={version.data_type} />
      <Text className="omicshelf-dataset-id" text={record.dataset_id} words={words} />
      <span className="omicshelf-dataset-end">
        <Age className="omicshelf-dim omicshelf-small" time={record.last_modified_at} />
        {!selecting && (
          <LoadButton
            load={load}
            dataset={{ atlas: record.atlas, id: record.dataset_id }}
            record={version}
            tabIndex={focused ? 0 : -1}
            className="omicshelf-dataset-load"
          />
        )}
      </span>
      <Text className="omicshelf-dataset-facts omicshelf-dim" text={factsOf(t, version)} />
      {Boolean(version.problems) && <Problem record={record} />}
      {reason && (
        <span className="omicshelf-dataset-line omicshelf-dim">
          <Text text={`${reason.key}: ${reason.value}`} words={words} />
        </span>
      )}
    </div>
  );
}

/** What is wrong with the data, as the examination said it. */
function Problem({ record }: { record: DatasetRecord }) {
  const t = useWords();
  const { version } = record;
  const found = useSummary(version).data?.problems ?? [];
  const n = version.problems ?? 0;
  const more = Math.max(n, found.length) - 1;
  const words = found[0]
    ? more > 0
      ? t('{problem} (and {n} more)', { problem: found[0], n: more })
      : found[0]
    : t.plural('{n} problem', '{n} problems', n);
  return (
    <span className="omicshelf-dataset-line omicshelf-dim">
      <Icon name="warning" tone="warning" size="small" label={t('Warning')} />
      <Text text={words} />
    </span>
  );
}

/** How high a row will be. */
export function heightOf(record: DatasetRecord, hasReason: boolean): number {
  const lines = (record.version.problems ? 1 : 0) + (hasReason ? 1 : 0);
  return ROW_HEIGHT + EXTRA_LINE * lines;
}
