/** The timeline: all versions, newest first, of which those that are seen are drawn. */

import { type KeyboardEvent, useCallback, useMemo, useState } from 'react';
import type { VersionRecord } from '../../../api/records';
import {
  addedBytes,
  bytes,
  Button,
  count,
  type IRowState,
  List,
  Select,
  type Selection,
  useWords
} from '../../base';
import { versionName } from '../reference';
import { VersionRow, type ITimeline } from './VersionRow';

interface ITimelineProps {
  versions: readonly VersionRecord[];
  selection: Selection;
  onSelect: (selection: Selection) => void;
  timeline: ITimeline;
  /** Check the bytes; absent for who may not. */
  onCheck?: () => void;
  checking: boolean;
}

const EVERYBODY = '';
const keyOf = (version: VersionRecord) => version.version_id;
const rowHeight = () => 88;

export function Timeline(props: ITimelineProps) {
  const t = useWords();
  const { versions, selection, timeline } = props;
  const [author, setAuthor] = useState(EVERYBODY);
  const authors = useMemo(
    () => [...new Set(versions.map(version => version.author ?? ''))].filter(Boolean).sort(),
    [versions]
  );
  const shown = useMemo(
    () => versions.filter(version => author === EVERYBODY || version.author === author),
    [versions, author]
  );
  const renderRow = useCallback(
    (version: VersionRecord, state: IRowState) => (
      <VersionRow version={version} state={state} timeline={timeline} />
    ),
    [timeline]
  );
  const onKey = (event: KeyboardEvent, version: VersionRecord) => {
    if (event.key === 'Enter' && (event.ctrlKey || event.metaKey) && timeline.load) {
      void timeline.load.load(timeline.dataset, version);
      return true;
    }
    return false;
  };
  return (
    <section className="omicshelf-timeline" aria-label={t('Timeline')}>
      <div className="omicshelf-timeline-bar">
        <span className="omicshelf-number">
          {t('{n} of {all} selected', { n: selection.size, all: count(versions.length) })}
        </span>
        {authors.length > 1 && (
          <Select
            size="small"
            label={t('Author')}
            value={author}
            options={[
              { value: EVERYBODY, label: t('All authors') },
              ...authors.map(one => ({ value: one, label: one }))
            ]}
            onChange={setAuthor}
          />
        )}
      </div>
      <List<VersionRecord>
        kind="grid"
        label={t('Versions')}
        className="omicshelf-timeline-list"
        items={shown}
        keyOf={keyOf}
        rowHeight={rowHeight}
        measured
        renderRow={renderRow}
        selection={selection}
        onSelect={props.onSelect}
        onActivate={timeline.onShow}
        onKey={onKey}
        typeahead={versionName}
      />
      <Footer {...props} />
    </section>
  );
}

function Footer({ versions, onCheck, checking }: ITimelineProps) {
  const t = useWords();
  const added = versions.reduce((sum, version) => sum + version.added_bytes, 0);
  return (
    <footer className="omicshelf-timeline-footer">
      <span>
        {t.plural('{n} version', '{n} versions', versions.length, { n: count(versions.length) })}
      </span>
      {onCheck && (
        <Button icon="refresh" size="small" busy={checking} onClick={onCheck}>
          {t('Check the bytes')}
        </Button>
      )}
      <span className="omicshelf-number" title={addedBytes(added)}>
        {t('{size} in the store', { size: bytes(added) })}
      </span>
    </footer>
  );
}
