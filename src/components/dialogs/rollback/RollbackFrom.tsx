/** Roll a dataset back from elsewhere than its timeline: to the version before, or another one. */

import { useState } from 'react';
import { asCatalogError } from '../../../api/errors';
import type { DatasetRecord, VersionRecord } from '../../../api/records';
import {
  Bidi,
  Button,
  Dialog,
  Field,
  Problem,
  Select,
  Skeleton,
  useWords,
  Waiting
} from '../../base';
import { useVersions } from '../../data';
import { versionName } from '../../document/reference';
import { RollbackDialog } from './RollbackDialog';

export interface IRollbackFromProps {
  record: DatasetRecord;
  onClose: () => void;
}

export function RollbackFrom({ record, onClose }: IRollbackFromProps) {
  const t = useWords();
  const dataset = { atlas: record.atlas, id: record.dataset_id };
  const { data, error, refetch } = useVersions(dataset);
  const [chosen, setChosen] = useState<string | null>(null);
  const older = data?.filter(one => one.version_id !== record.version.version_id) ?? [];
  const target = older.find(one => one.version_id === chosen) ?? older[0];
  if (target) {
    return (
      <RollbackDialog dataset={dataset} record={record} target={target} onClose={onClose}>
        <Field
          label={
            <>
              {t('Roll back')} <Bidi text={record.dataset_id} strong />
            </>
          }
        >
          <Select
            value={target.version_id}
            options={older.map(one => ({ value: one.version_id, label: named(t, one) }))}
            onChange={setChosen}
          />
        </Field>
      </RollbackDialog>
    );
  }
  return (
    <Dialog
      title={t('Roll back?')}
      onClose={onClose}
      actions={
        <Button look="cancel" onClick={onClose}>
          {t('Cancel')}
        </Button>
      }
    >
      {error ? (
        <Problem error={asCatalogError(error)} onRetry={() => void refetch()} />
      ) : data ? (
        <p>{t('There is no version before: the others were deleted for good.')}</p>
      ) : (
        <Waiting label={t('Reading the versions')} onCancel={onClose}>
          <Skeleton rows={3} height={24} lines={1} />
        </Waiting>
      )}
    </Dialog>
  );
}

function named(t: ReturnType<typeof useWords>, version: VersionRecord): string {
  const name = versionName(version);
  return version.message
    ? t('to {name}: {message}', { name, message: version.message })
    : t('to {name}', { name });
}
