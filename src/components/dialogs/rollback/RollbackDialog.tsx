/** Roll back to a version: what changes is shown first, and then a new version is written. */

import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useState } from 'react';
import { asCatalogError, type CatalogError } from '../../../api/errors';
import type { DatasetRecord, IDatasetRef, VersionRecord } from '../../../api/records';
import { Button, Dialog, Field, Note, Text, TextField, useHost, useWords } from '../../base';
import { keys } from '../../data';
import { versionName } from '../../document/reference';
import { Preview } from './Preview';

export interface IRollbackDialogProps {
  dataset: IDatasetRef;
  record: DatasetRecord;
  target: VersionRecord;
  /** What stands above the preview: which version it is to be. */
  children?: ReactNode;
  onClose: () => void;
  /** It was refused: the bytes of the target may be damaged. */
  onFailed?: (reason: unknown) => void;
}

export function RollbackDialog(props: IRollbackDialogProps) {
  const { dataset, record, target, onClose } = props;
  const t = useWords();
  const [message, setMessage] = useState('');
  const { rollback, busy, error } = useRollback(props);
  const name = versionName(target);
  return (
    <Dialog
      title={t('Roll back to {name}?', { name })}
      className="omicshelf-rollback"
      onClose={onClose}
      onSubmit={() => void rollback(message)}
      actions={
        <>
          <Button look="cancel" onClick={onClose}>
            {t('Cancel')}
          </Button>
          <Button look="primary" type="submit" busy={busy} first>
            {t('Roll back to {name}', { name })}
          </Button>
        </>
      }
    >
      {props.children}
      <p className="omicshelf-rollback-words">
        {t(
          'This writes a new version, {next}, with the data and metadata of {name}. All versions stay in the timeline; you can roll forward again.',
          { next: `v${record.version.seq + 1}`, name }
        )}
      </p>
      <Preview dataset={dataset} now={record.version} target={target} />
      <Field label={t('Message')}>
        <TextField
          value={message}
          onChange={setMessage}
          placeholder={t('Roll back to {name}: why', { name })}
        />
      </Field>
      {error && (
        <Note kind="error" title={<Text text={error.title} wrap />}>
          {error.detail && <Text text={error.detail} wrap />}
        </Note>
      )}
    </Dialog>
  );
}

function useRollback({ dataset, record, target, onClose, onFailed }: IRollbackDialogProps) {
  const host = useHost();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CatalogError | null>(null);
  const rollback = async (message: string) => {
    const { t, client } = host;
    const before = record.version;
    setBusy(true);
    setError(null);
    try {
      const made = await client.rollback(dataset, target.version_id, message.trim() || undefined);
      const fresh = () => queries.invalidateQueries({ queryKey: keys.dataset(dataset) });
      void fresh();
      onClose();
      host.notify({
        kind: 'done',
        text: t('{id} {made} is what {name} was', {
          id: dataset.id,
          made: versionName(made.version),
          name: versionName(target)
        }),
        undo: async () => {
          const words = t('Back to {name}', { name: versionName(before) });
          await client.rollback(dataset, before.version_id, words);
          void fresh();
        }
      });
    } catch (reason) {
      setBusy(false);
      setError(asCatalogError(reason));
      onFailed?.(reason);
    }
  };
  return { rollback, busy, error };
}
