/** The past states of a file: each can be downloaded, and brought back. */

import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { asCatalogError } from '../../../api/errors';
import type { FileRecord, IDatasetRef } from '../../../api/records';
import { Ago, Badge, Button, bytes, Problem, Text, useHost, useWords, Waiting } from '../../base';
import { keys, useFileHistory } from '../../data';
import { restoreFile, statePath } from '../../dialogs/attach';
import { download } from '../../download';

interface IHistoryProps {
  dataset: IDatasetRef;
  file: FileRecord;
  mayWrite: boolean;
}

export function History({ dataset, file, mayWrite }: IHistoryProps) {
  const t = useWords();
  const { data, error, refetch } = useFileHistory(dataset, file.file_name);
  if (error) {
    return <Problem error={asCatalogError(error)} onRetry={() => void refetch()} />;
  }
  if (!data) {
    return <Waiting label={t('Reading the history')} />;
  }
  const states = [...data].sort((a, b) => b.created_at - a.created_at);
  return (
    <ul className="omicshelf-history-list">
      {states.map(state => (
        <State key={state.file_id} dataset={dataset} state={state} mayWrite={mayWrite} />
      ))}
    </ul>
  );
}

interface IStateProps {
  dataset: IDatasetRef;
  state: FileRecord;
  mayWrite: boolean;
}

function State({ dataset, state, mayWrite }: IStateProps) {
  const t = useWords();
  const host = useHost();
  const { restore, busy } = useRestore(dataset, state);
  const words: Record<string, string> = {
    current: t('now'),
    replaced: t('replaced'),
    removed: t('deleted'),
    'data changed': t('removed when the data changed'),
    'dataset deleted': t('deleted with the dataset')
  };
  const kind = state.state ?? 'current';
  return (
    <li className="omicshelf-history-state">
      <div className="omicshelf-history-words">
        <Ago time={state.created_at} /> {state.author && <Text text={state.author} />}
        <div className="omicshelf-dim">
          {bytes(state.size ?? 0)}
          {state.tag && <Badge icon="tag">{<Text text={state.tag} />}</Badge>} {words[kind] ?? kind}
        </div>
      </div>
      {mayWrite && kind !== 'current' && (
        <Button size="small" busy={busy} onClick={() => void restore()}>
          {t('Bring back')}
        </Button>
      )}
      <Button
        icon="download"
        label={t('Download this state')}
        onClick={() => void download(host, statePath(state), state.file_name)}
      />
    </li>
  );
}

function useRestore(dataset: IDatasetRef, state: FileRecord) {
  const t = useWords();
  const host = useHost();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const restore = async () => {
    setBusy(true);
    try {
      await restoreFile(host, dataset, state);
      host.notify({ kind: 'done', text: t('{name} is what it was', { name: state.file_name }) });
      await queries.invalidateQueries({ queryKey: keys.files(dataset) });
    } catch (reason) {
      const { title, detail } = asCatalogError(reason);
      host.notify({ kind: 'error', text: title, detail });
    } finally {
      setBusy(false);
    }
  };
  return { restore, busy };
}
