/** What else can be done with a dataset. */

import { useState } from 'react';
import type { DatasetRecord, IDatasetRef, VersionRecord } from '../../api/records';
import { Confirm, MenuButton, useHost, useWords } from '../base';
import { useConnection, useRights } from '../data';
import { bytesName, download } from '../download';
import { isolated } from './isolated';
import { reference, versionName } from './reference';

interface IMoreMenuProps {
  dataset: IDatasetRef;
  record: DatasetRecord;
  version: VersionRecord;
}

export function MoreMenu({ dataset, record, version }: IMoreMenuProps) {
  const t = useWords();
  const host = useHost();
  const { mayAdmin } = useRights(dataset.atlas);
  const connected = useConnection().state !== 'unreachable';
  const [deleting, setDeleting] = useState(false);
  const name = versionName(version);
  const copy = async (text: string) => {
    await host.copy(text);
    host.notify({ kind: 'done', text: t('Copied: {text}', { text }) });
  };
  return (
    <>
      <MenuButton
        icon="more"
        label={t('More actions')}
        menuLabel={t('More actions')}
        align="end"
        items={[
          {
            label: t('Copy reference to {version}', { version: name }),
            icon: 'link',
            onSelect: () => void copy(reference(dataset, version))
          },
          {
            label: t('Copy id'),
            icon: 'copy',
            onSelect: () => void copy(record.dataset_id)
          },
          connected && {
            label: t('Download {version}', { version: name }),
            icon: 'download',
            onSelect: () =>
              void download(
                host,
                host.client.dataPath(dataset, version.version_id),
                bytesName(version)
              )
          },
          'separator',
          mayAdmin &&
            connected && {
              label: t('Delete…'),
              icon: 'trash',
              destructive: true,
              onSelect: () => setDeleting(true)
            }
        ]}
      />
      {deleting && (
        <Confirm
          title={t('Delete {id}?', { id: isolated(record.dataset_id) })}
          action={t('Delete')}
          destructive
          onClose={() => setDeleting(false)}
          onConfirm={async () => {
            await host.client.remove(dataset);
            host.notify({
              kind: 'done',
              text: t('{id} was deleted', { id: record.dataset_id }),
              undo: async () => {
                await host.client.undelete(dataset);
              }
            });
          }}
        >
          {t.plural(
            'Its version and its files go to the trash, from which an admin can restore them.',
            'Its {n} versions and its files go to the trash, from which an admin can restore them.',
            record.version.seq
          )}
        </Confirm>
      )}
    </>
  );
}
