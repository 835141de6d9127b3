/** The header of a dataset: what it is, which version is shown, and what can be done with it. */

import { useCallback, useRef } from 'react';
import type { DatasetRecord, VersionRecord } from '../../api/records';
import { Button, CopyButton, Icon, Text, typeIcon, useWords } from '../base';
import { useConnection, useRights } from '../data';
import { useLoad } from '../dialogs/load';
import { useSave } from '../dialogs/save';
import type { DocumentTab } from '../host';
import { Facts } from './Facts';
import { MoreMenu } from './MoreMenu';
import { hasRoom } from './Room';
import type { IOpened } from './useOpened';
import { VersionPicker } from './VersionPicker';

export interface IHeaderProps {
  opened: IOpened;
  record: DatasetRecord;
  version: VersionRecord;
  onTab: (tab: DocumentTab) => void;
}

export function Header({ opened, record, version, onTab }: IHeaderProps) {
  const t = useWords();
  const dataset = { atlas: record.atlas, id: record.dataset_id };
  const { mayWrite } = useRights(record.atlas);
  const connected = useConnection().state !== 'unreachable';
  const look = useCallback(() => onTab('versions'), [onTab]);
  const save = useSave(record.atlas, record, look);
  const maySave = mayWrite && connected;
  return (
    <header className="omicshelf-header">
      <div className="omicshelf-header-line">
        <Icon name={typeIcon(version.data_type, version.data_format)} size="large" />
        <h1 className="omicshelf-header-id">
          <Text text={record.dataset_id} />
        </h1>
        <CopyButton text={record.dataset_id} label={t('Copy id')} />
        <VersionPicker opened={opened} record={record} version={version} onAll={look} />
        <span className="omicshelf-header-gap" />
        {maySave && save && (
          <Button icon="save" popup="dialog" onClick={save.open}>
            {t('Save from kernel…')}
          </Button>
        )}
        {maySave && hasRoom('files') && (
          <Button icon="clip" onClick={() => onTab('files')}>
            {t('Attach file…')}
          </Button>
        )}
        <MoreMenu dataset={dataset} record={record} version={version} />
        <LoadSplit record={record} version={version} />
      </div>
      <Facts record={record} version={version} />
      {maySave && save?.dialog}
    </header>
  );
}

function LoadSplit({ record, version }: { record: DatasetRecord; version: VersionRecord }) {
  const t = useWords();
  const load = useLoad();
  const split = useRef<HTMLSpanElement>(null);
  if (!load) {
    return null;
  }
  const dataset = { atlas: record.atlas, id: record.dataset_id };
  return (
    <>
      <span className="omicshelf-split" ref={split}>
        <Button
          look="primary"
          icon="play"
          busy={load.loading !== null}
          onClick={() => void load.load(dataset, version, {}, split.current ?? undefined)}
        >
          {t('Load into kernel')}
        </Button>
        <Button
          look="primary"
          icon="down"
          label={t('Load options')}
          popup="dialog"
          expanded={load.dialog !== null}
          onClick={() => split.current && load.choose(dataset, version, split.current)}
        />
      </span>
      {load.dialog}
    </>
  );
}
