/** What a version changed, in words: asked for when its row has been seen for a moment. */

import { useEffect, useState } from 'react';
import type { IDatasetRef, VersionRecord } from '../../../api/records';
import { LinkButton, shape, useWords } from '../../base';
import { useDiff } from '../../data';
import { ChangeLines } from '../../dialogs/save/ChangeLines';
import { dimensionWords } from '../dimensions';
import { linesOf, mainLinesOf } from './changes';

// Who scrolls through a thousand versions asks for none of those that fly by.
const SEEN_AFTER = 120;
const MOST_LINES = 4;

interface IRowChangesProps {
  dataset: IDatasetRef;
  version: VersionRecord;
  /** The one before; null for the first. */
  before: VersionRecord | null;
  onAll: () => void;
}

export function RowChanges({ dataset, version, before, onAll }: IRowChangesProps) {
  const t = useWords();
  const seen = useSeen();
  const from = seen && before ? before.version_id : undefined;
  const { data, error } = useDiff(dataset, from, version.version_id);
  if (!before) {
    return <First version={version} />;
  }
  if (error) {
    return (
      <div className="omicshelf-dim">{t('What changed cannot be told: its record is damaged')}</div>
    );
  }
  // Its place is kept, so that nothing moves under the pointer when the words come.
  if (!data) {
    return <div className="omicshelf-timeline-later" aria-busy="true" />;
  }
  const main = mainLinesOf(data);
  const shown = main.length > MOST_LINES + 1 ? main.slice(0, MOST_LINES) : main;
  const more = linesOf(data).length - shown.length;
  return (
    <>
      <ChangeLines lines={shown} />
      {more > 0 && (
        <LinkButton onClick={onAll}>
          {t.plural('{n} more change', '{n} more changes', more)}
        </LinkButton>
      )}
    </>
  );
}

function First({ version }: { version: VersionRecord }) {
  const t = useWords();
  const words = dimensionWords(t, version) ?? [];
  if (!version.shape) {
    return <div className="omicshelf-dim">{t('The first version')}</div>;
  }
  return <ChangeLines lines={[`+ ${shape(version.shape, words)}`]} />;
}

function useSeen(): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const timer = setTimeout(() => setSeen(true), SEEN_AFTER);
    return () => clearTimeout(timer);
  }, []);
  return seen;
}
