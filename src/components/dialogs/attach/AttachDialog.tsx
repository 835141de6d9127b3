/** Attach files that were chosen elsewhere: to which dataset, with which tag, made from what. */

import { useEffect, useState } from 'react';
import type { DatasetRecord, IDatasetRef } from '../../../api/records';
import {
  Bidi,
  Button,
  bytes,
  Dialog,
  Field,
  Note,
  Select,
  Switch,
  Text,
  useHost,
  useWords
} from '../../base';
import { useAtlases, useFiles } from '../../data';
import { DatasetField, useRecord } from './DatasetField';
import type { AttachFile } from './items';
import { queueOf } from './AttachQueue';
import { type ISaying, SourceField, TagField, useSaying } from './Said';

export interface IAttachDialogProps {
  files: readonly AttachFile[];
  /** The dataset that they are for; its id may be left to the person, and is empty then. */
  dataset: IDatasetRef;
  /** Whether that is settled, and nobody is asked. */
  settled?: boolean;
  /** They are on their way. */
  onAttach?: (dataset: IDatasetRef) => void;
  onClose: () => void;
}

export function AttachDialog(props: IAttachDialogProps) {
  const { files, settled, onClose } = props;
  const t = useWords();
  const host = useHost();
  const [dataset, setDataset] = useState<IDatasetRef>(props.dataset);
  const { record, missing } = useRecord(dataset);
  const saying = useSaying(record?.version);
  const attach = () => {
    if (record) {
      queueOf(host, dataset).add(files, { dataset, ...saying.said });
      onClose();
      props.onAttach?.(dataset);
    }
  };
  return (
    <Dialog
      title={<Title files={files} dataset={settled ? dataset : null} />}
      className="omicshelf-attach-dialog"
      onClose={onClose}
      onSubmit={attach}
      actions={
        <>
          <Button look="cancel" onClick={onClose}>
            {t('Cancel')}
          </Button>
          <Button look="primary" type="submit" disabled={!record}>
            {t.plural('Attach {n} file', 'Attach {n} files', files.length)}
          </Button>
        </>
      }
    >
      <Files files={files} />
      {!settled && (
        <>
          <AtlasField dataset={dataset} onChange={setDataset} />
          <DatasetField dataset={dataset} missing={missing} onChange={setDataset} />
        </>
      )}
      {record && <About record={record} files={files} saying={saying} />}
    </Dialog>
  );
}

function Title({ files, dataset }: { files: readonly AttachFile[]; dataset: IDatasetRef | null }) {
  const t = useWords();
  if (!dataset) {
    return (
      <>
        {t.plural(
          'Attach {n} file to which dataset?',
          'Attach {n} files to which dataset?',
          files.length
        )}
      </>
    );
  }
  return (
    <>
      {t.plural('Attach {n} file to', 'Attach {n} files to', files.length)}{' '}
      <Bidi text={dataset.id} />?
    </>
  );
}

const NAMED = 5;

function Files({ files }: { files: readonly AttachFile[] }) {
  const t = useWords();
  return (
    <ul className="omicshelf-attach-files" aria-label={t('Files to attach')}>
      {files.slice(0, NAMED).map((file, i) => (
        <li key={i}>
          <Text text={file.name} />
          <span className="omicshelf-number omicshelf-dim">
            {file.size ? bytes(file.size) : t('empty')}
          </span>
        </li>
      ))}
      {files.length > NAMED && (
        <li className="omicshelf-dim">{t('and {n} more', { n: files.length - NAMED })}</li>
      )}
    </ul>
  );
}

interface IAtlasFieldProps {
  dataset: IDatasetRef;
  onChange: (dataset: IDatasetRef) => void;
}

/** Only the atlases in which one may attach are offered, and only where there are several. */
function AtlasField({ dataset, onChange }: IAtlasFieldProps) {
  const t = useWords();
  const { data } = useAtlases();
  const open = (data?.atlases ?? []).filter(
    ({ name }) => (data?.roles[name] ?? 'viewer') !== 'viewer'
  );
  const first = open[0]?.name;
  const known = open.some(({ name }) => name === dataset.atlas);
  useEffect(() => {
    if (first !== undefined && !known) {
      onChange({ atlas: first, id: '' });
    }
  }, [first, known, onChange]);
  if (data && !open.length) {
    return (
      <Note kind="warning" title={t('You may attach files in no atlas')}>
        {t('An admin of an atlas can give you the contributor role.')}
      </Note>
    );
  }
  return open.length > 1 ? (
    <Field label={t('Atlas')}>
      <Select
        value={dataset.atlas}
        options={open.map(({ name }) => ({ value: name, label: name }))}
        onChange={atlas => onChange({ atlas, id: '' })}
      />
    </Field>
  ) : null;
}

interface IAboutProps {
  record: DatasetRecord;
  files: readonly AttachFile[];
  saying: ISaying;
}

function About({ record, files, saying }: IAboutProps) {
  const t = useWords();
  const there = useFiles({ atlas: record.atlas, id: record.dataset_id }).data ?? [];
  const tags = [...new Set(there.map(file => file.tag).filter(tag => tag !== null))].sort();
  const names = new Set(files.map(file => file.name));
  const replaced = there.filter(file => names.has(file.file_name));
  return (
    <>
      <Field label={t('Tag')}>
        <TagField saying={saying} tags={tags} />
      </Field>
      <Field label={t('Made from')}>
        <SourceField saying={saying} version={record.version} />
      </Field>
      {saying.linked && (
        <Field label={t('When the data change')}>
          <Switch checked={saying.goes} onChange={saying.setGoes}>
            {t('Remove it')}
          </Switch>
        </Field>
      )}
      {replaced.length > 0 && (
        <Note kind="info">
          <Bidi text={replaced[0].file_name} strong />{' '}
          {replaced.length > 1
            ? t.plural(
                'and {n} other are there already: they are replaced, and stay in their history.',
                'and {n} others are there already: they are replaced, and stay in their history.',
                replaced.length - 1
              )
            : t('is there already: it is replaced, and stays in its history.')}
        </Note>
      )}
    </>
  );
}
