/** What a roll-back changes: the data, the metadata, and the files that hang on the data. */

import { useState } from 'react';
import { asCatalogError } from '../../../api/errors';
import type { DiffAnswer, FileRecord, IDatasetRef, VersionRecord } from '../../../api/records';
import { Bidi, LinkButton, Note, Problem, Skeleton, useWords, Waiting } from '../../base';
import { useDiff, useFiles } from '../../data';
import { versionName } from '../../document/reference';
import { changesOf, linesOf, mainLinesOf } from '../../document/versions/changes';
import { ShapeTable } from '../../document/versions/compare/ShapeTable';
import { ChangeLines } from '../save/ChangeLines';

interface IPreviewProps {
  dataset: IDatasetRef;
  now: VersionRecord;
  target: VersionRecord;
}

export function Preview({ dataset, now, target }: IPreviewProps) {
  const t = useWords();
  const { data, error, refetch } = useDiff(dataset, now.version_id, target.version_id);
  if (error) {
    return (
      <Problem
        title={t('What changes cannot be told')}
        error={asCatalogError(error)}
        onRetry={() => void refetch()}
      />
    );
  }
  if (!data) {
    return (
      <Waiting label={t('Comparing with {name}', { name: versionName(now) })}>
        <Skeleton rows={3} height={24} lines={1} />
      </Waiting>
    );
  }
  const changes = changesOf(data);
  if (changes.same) {
    return (
      <Note kind="info">
        {t('{now} has the data and metadata of {name} already.', {
          now: versionName(now),
          name: versionName(target)
        })}
      </Note>
    );
  }
  return (
    <>
      <ShapeTable from={now} to={target} changes={changes} />
      <Lines answer={data} />
      {changes.data_changed && <Files dataset={dataset} now={now} target={target} />}
    </>
  );
}

/** What only follows from the cells that come or go is there for who wants it. */
function Lines({ answer }: { answer: DiffAnswer }) {
  const t = useWords();
  const [all, setAll] = useState(false);
  const lines = linesOf(answer);
  const main = mainLinesOf(answer);
  const more = lines.length - main.length;
  return (
    <div>
      <ChangeLines label={t('What changes')} lines={all ? lines : main} />
      {more > 0 && !all && (
        <LinkButton onClick={() => setAll(true)}>
          {t.plural('{n} more change', '{n} more changes', more)}
        </LinkButton>
      )}
    </div>
  );
}

const NAMED = 5;

/** Some files go with the data; the others stay, and are then older than the data. */
function Files({ dataset, now }: IPreviewProps) {
  const t = useWords();
  const files = useFiles(dataset).data ?? [];
  const going = files.filter(file => file.auto_remove);
  const staying = files.filter(file => !file.auto_remove && file.derived_from === now.version_id);
  if (!going.length && !staying.length) {
    return null;
  }
  return (
    <Note kind="warning">
      {going.length > 0 && (
        <div>
          {t.plural(
            '{n} file is set to go when the data change, and will be removed:',
            '{n} files are set to go when the data change, and will be removed:',
            going.length
          )}{' '}
          <Names files={going} />
        </div>
      )}
      {staying.length > 0 && (
        <div>
          {t.plural(
            '{n} file that was made from {now} stays, marked as older than the data.',
            '{n} files that were made from {now} stay, marked as older than the data.',
            staying.length,
            { now: versionName(now) }
          )}
        </div>
      )}
    </Note>
  );
}

function Names({ files }: { files: readonly FileRecord[] }) {
  const t = useWords();
  return (
    <>
      {files.slice(0, NAMED).map((file, i) => (
        <span key={file.file_id}>
          {i > 0 && ', '}
          <Bidi text={file.file_name} strong />
        </span>
      ))}
      {files.length > NAMED && ` ${t('and {n} more', { n: files.length - NAMED })}`}
    </>
  );
}
