/** Small dialogs of the list: into a study, into another atlas. */

import { useState } from 'react';

import { type CatalogError, asCatalogError } from '../../api/errors';
import type { DatasetRecord } from '../../api/records';
import {
  Bidi,
  Button,
  Checkbox,
  Combobox,
  Confirm,
  Dialog,
  Field,
  Note,
  Select,
  TextField,
  useHost,
  useWords
} from '../base';
import { useAtlases, useStudies } from '../data';
import type { IActions } from './actions';

interface IDialogOf {
  records: readonly DatasetRecord[];
  actions: IActions;
  onClose: () => void;
}

/** Which study they belong to; an empty one takes them out of theirs. */
export function StudyDialog({ records, actions, onClose }: IDialogOf) {
  const t = useWords();
  const host = useHost();
  const studies = useStudies(records[0].atlas).data ?? [];
  const same = records.every(record => record.study_id === records[0].study_id);
  const before = same ? (records[0].study_id ?? '') : '';
  const [study, setStudy] = useState(before);
  const form = useForm(onClose);
  const named = study.trim();
  const save = () =>
    form.run(async () => {
      await actions.moveToStudy(records, named || null);
      host.notify({
        kind: 'done',
        text: named
          ? t.plural(
              '{n} dataset is in {study} now',
              '{n} datasets are in {study} now',
              records.length,
              {
                study: named
              }
            )
          : t.plural(
              '{n} dataset is in no study now',
              '{n} datasets are in no study now',
              records.length
            )
      });
    });
  return (
    <Dialog
      title={
        records.length === 1
          ? t('Add {id} to a study', { id: records[0].dataset_id })
          : t('Add {n} datasets to a study', { n: records.length })
      }
      size="small"
      onClose={onClose}
      onSubmit={save}
      actions={
        <Buttons
          form={form}
          onClose={onClose}
          action={named || !before ? t('Add to study') : t('Take out of the study')}
          disabled={same && named === before}
        />
      }
    >
      <Field
        label={t('Study')}
        hint={t('One that is there, or a new one: PMID28091601, GSE101720')}
      >
        <Combobox
          value={study}
          onChange={setStudy}
          options={studies.map(name => ({ value: name, label: name }))}
        />
      </Field>
      <Failure error={form.error} />
    </Dialog>
  );
}

/** Copy a dataset into another atlas. */
export function CopyDialog({ records: [record], actions, onClose }: IDialogOf) {
  const t = useWords();
  const found = useAtlases().data;
  const atlases = (found?.atlases ?? []).filter(
    ({ name }) => name !== record.atlas && (found?.roles[name] ?? 'viewer') !== 'viewer'
  );
  const [atlas, setAtlas] = useState<string | null>(atlases[0]?.name ?? null);
  const [id, setId] = useState(record.dataset_id);
  const [history, setHistory] = useState(true);
  const form = useForm(onClose);
  const target = atlas ?? atlases[0]?.name ?? null;
  return (
    <Dialog
      title={t('Copy {id} to another atlas', { id: record.dataset_id })}
      size="small"
      onClose={onClose}
      onSubmit={() =>
        target !== null && form.run(() => actions.copyTo(record, target, id.trim(), history))
      }
      actions={
        <Buttons
          form={form}
          onClose={onClose}
          action={t('Copy dataset')}
          disabled={target === null || !id.trim()}
        />
      }
    >
      {atlases.length ? (
        <>
          <Field label={t('Atlas')}>
            <Select
              value={target}
              icon="shelf"
              options={atlases.map(({ name }) => ({ value: name, label: name }))}
              onChange={setAtlas}
            />
          </Field>
          <Field label={t('Id')}>
            <TextField code value={id} onChange={setId} />
          </Field>
          <Checkbox checked={history} onChange={setHistory}>
            {t('With all its versions')}
          </Checkbox>
        </>
      ) : (
        <Note>
          {t('There is no other atlas that you may write to. Ask for the role contributor in one.')}
        </Note>
      )}
      <Failure error={form.error} />
    </Dialog>
  );
}

/** Deleting several is asked for; one can be undone at once. */
export function DeleteDialog({ records, actions, onClose }: IDialogOf) {
  const t = useWords();
  return (
    <Confirm
      title={t('Move {n} datasets to Trash?', { n: records.length })}
      action={t('Move to Trash')}
      destructive
      onConfirm={() => actions.remove(records)}
      onClose={onClose}
    >
      <ul className="omicshelf-named">
        {records.slice(0, 8).map(record => (
          <li key={record.dataset_id}>
            <Bidi text={record.dataset_id} />
          </li>
        ))}
        {records.length > 8 && <li>{t('and {n} more', { n: records.length - 8 })}</li>}
      </ul>
      {t('They can be restored from the Trash, with all versions and files.')}
    </Confirm>
  );
}

interface IForm {
  busy: boolean;
  error: CatalogError | null;
  run: (act: () => Promise<void>) => void;
}

function useForm(onDone: () => void): IForm {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CatalogError | null>(null);
  const run = async (act: () => Promise<void>) => {
    setBusy(true);
    setError(null);
    try {
      await act();
      onDone();
    } catch (reason) {
      setBusy(false);
      setError(asCatalogError(reason));
    }
  };
  return { busy, error, run: act => void (busy || run(act)) };
}

function Buttons(props: { form: IForm; action: string; disabled: boolean; onClose: () => void }) {
  const t = useWords();
  return (
    <>
      <Button look="cancel" onClick={props.onClose}>
        {t('Cancel')}
      </Button>
      <Button look="primary" type="submit" busy={props.form.busy} disabled={props.disabled}>
        {props.action}
      </Button>
    </>
  );
}

function Failure({ error }: { error: CatalogError | null }) {
  return (
    error && (
      <Note kind="error" title={error.title}>
        {error.detail}
      </Note>
    )
  );
}
