/** Save from kernel: which variable, where to, and a message. */

import { useEffect, useRef, useState } from 'react';
import type { DatasetRecord, IDatasetRef } from '../../../api/records';
import {
  Bidi,
  Button,
  bytes,
  classes,
  CodeLine,
  Combobox,
  Dialog,
  EmptyState,
  Field,
  Icon,
  LinkButton,
  Note,
  Problem,
  RadioGroup,
  Skeleton,
  TextField,
  ThinBar,
  useSlow,
  useWords,
  Waiting
} from '../../base';
import { useFind, useStudies } from '../../data';
import type { IKernels, ISaved, IVariable } from '../../host';
import { Target } from '../load/fields';
import { useKernels } from '../load/useKernels';
import { ChangeLines } from './ChangeLines';
import { Conflict } from './Conflict';
import { proposeId } from '../add/naming';
import { type ISaveDraft, type ISaveForm, isOf, useSaveForm } from './useSaveForm';

export interface ISaveDialogProps {
  atlas: string;
  /** The dataset whose next version it may be; without one, a new dataset is made. */
  record?: DatasetRecord;
  draft: ISaveDraft;
  onDraft: (draft: ISaveDraft) => void;
  onSaved: (saved: ISaved, ref: IDatasetRef) => void;
  onClose: () => void;
  /** Show what others saved meanwhile; what was typed here is kept. */
  onLook?: () => void;
}

export function SaveDialog(props: ISaveDialogProps) {
  const kernels = useKernels();
  return kernels ? <SaveForm {...props} kernels={kernels} /> : null;
}

function SaveForm(props: ISaveDialogProps & { kernels: IKernels }) {
  const { record, kernels, onClose } = props;
  const t = useWords();
  const form = useSaveForm(props, kernels);
  const slow = useSlow(form.busy);
  if (form.conflict && record) {
    return <Conflict {...props} record={record} form={form} conflict={form.conflict} />;
  }
  const action = saveVerb(t, form, record);
  return (
    <Dialog
      title={
        <span className="omicshelf-save-title">
          {t('Save from kernel')}
          {kernels.current && <Target target={kernels.current} />}
        </span>
      }
      onClose={onClose}
      onSubmit={() => form.save()}
      className="omicshelf-save"
      actions={
        <>
          <Button look="cancel" onClick={onClose}>
            {/* What the kernel was told to save is not called back by closing this. */}
            {form.busy ? t('Close, and go on saving') : t('Cancel')}
          </Button>
          <Button
            look="primary"
            type="submit"
            busy={form.busy}
            disabled={!form.ready && !form.busy}
          >
            {action}
          </Button>
        </>
      }
    >
      {slow && <ThinBar label={t('Saving')} />}
      {form.failure && (
        <Note kind="error" title={form.failure.title}>
          {form.failure.detail}
        </Note>
      )}
      <Content {...props} form={form} />
    </Dialog>
  );
}

function saveVerb(
  t: ReturnType<typeof useWords>,
  form: ISaveForm,
  record: DatasetRecord | undefined
): string {
  return record && form.draft.where === 'here'
    ? t('Save as v{n}', { n: record.version.seq + 1 })
    : t('Save new dataset');
}

function Content(props: ISaveDialogProps & { form: ISaveForm }) {
  const { form } = props;
  const t = useWords();
  if (form.error) {
    return <Problem error={form.error} onRetry={form.again} />;
  }
  if (!form.variables) {
    return (
      <Waiting label={t('Asking the kernel for its variables')} onCancel={props.onClose}>
        <Skeleton rows={3} height={28} lines={1} />
      </Waiting>
    );
  }
  if (!form.variable) {
    return (
      <EmptyState
        title={t('Nothing in this kernel can be saved')}
        actions={
          <Button look="bordered" icon="refresh" onClick={form.again}>
            {t('Look again')}
          </Button>
        }
      >
        {t('An AnnData, a MuData or a DataFrame in a variable of it would be listed here.')}
      </EmptyState>
    );
  }
  return <Fields {...props} />;
}

function Fields({ form, record, atlas }: ISaveDialogProps & { form: ISaveForm }) {
  const t = useWords();
  const message = useRef<HTMLInputElement>(null);
  // They come when the kernel has answered: the dialog gave its focus to what was there before.
  useEffect(() => message.current?.focus(), []);
  const isNew = form.draft.where === 'new';
  return (
    <>
      <Variables form={form} record={record} />
      {!isNew && <Changed form={form} />}
      {record && <WhereField form={form} record={record} />}
      {isNew && <NewFields form={form} atlas={atlas} />}
      <Field label={t('Message')}>
        <TextField
          value={form.draft.message}
          placeholder={t('What you did, and why')}
          onChange={text => form.change({ message: text })}
          ref={message}
        />
      </Field>
      <CodeLine code={equivalent(form, record)} label={t('The line of code that does the same')} />
    </>
  );
}

/** The magic that does the same, for a notebook. */
function equivalent(form: ISaveForm, record: DatasetRecord | undefined): string {
  const id = form.draft.where === 'here' && record ? record.dataset_id : form.id;
  const message = form.draft.message.trim();
  const quoted = message ? ` -m ${JSON.stringify(message)}` : '';
  return `%shelf save ${form.variable?.name ?? ''} ${id}${quoted}`;
}

const SHOWN = 5;

function Variables({ form, record }: { form: ISaveForm; record: DatasetRecord | undefined }) {
  const t = useWords();
  const [all, setAll] = useState(false);
  const variables = form.variables ?? [];
  // The chosen one is never among those that are hidden.
  const sorted = [...variables].sort(
    (a, b) => Number(b === form.variable) - Number(a === form.variable)
  );
  const shown = all ? variables : variables.length > SHOWN ? sorted.slice(0, SHOWN) : variables;
  const more = variables.length - shown.length;
  return (
    <div className="omicshelf-variables">
      <div role="radiogroup" aria-label={t('Variable')}>
        {shown.map(variable => (
          <label
            key={variable.name}
            className={classes(
              'omicshelf-variable',
              variable === form.variable && 'omicshelf-mod-chosen'
            )}
          >
            <input
              type="radio"
              className="omicshelf-radio"
              name="omicshelf-variable"
              checked={variable === form.variable}
              onChange={() => form.change({ variable: variable.name, id: null })}
            />
            <code className="omicshelf-variable-name">{variable.name}</code>
            <span>{variable.type}</span>
            <span className="omicshelf-number">{variable.shape}</span>
            <span className="omicshelf-variable-from">{origin(t, variable, record)}</span>
          </label>
        ))}
      </div>
      {more > 0 && (
        <LinkButton onClick={() => setAll(true)}>
          {t.plural('{n} more variable', '{n} more variables', more)}
        </LinkButton>
      )}
    </div>
  );
}

function origin(
  t: ReturnType<typeof useWords>,
  variable: IVariable,
  record: DatasetRecord | undefined
): string {
  const from = variable.loadedFrom;
  if (!from) {
    return t('not in the catalog');
  }
  return record && isOf(variable, record)
    ? t('loaded from {version}', { version: from.version })
    : t('loaded from {id} {version}', { id: from.id, version: from.version });
}

function Changed({ form }: { form: ISaveForm }) {
  const t = useWords();
  const { variable } = form;
  const { lines, find } = form.changes;
  if (lines?.length === 0 && !variable?.loadedFrom) {
    return null;
  }
  return (
    <Field label={t('Changed')} group>
      {find ? (
        <span className="omicshelf-field-text">
          <LinkButton onClick={find}>{t('Find out what changed')}</LinkButton>{' '}
          <span className="omicshelf-dim">
            {t('The kernel reads about {size} for that.', { size: bytes(variable?.size ?? 0) })}
          </span>
        </span>
      ) : lines === null ? (
        <Waiting label={t('Comparing with what it was')} />
      ) : lines.length ? (
        <ChangeLines lines={lines} label={t('What changed')} />
      ) : (
        <span className="omicshelf-field-text omicshelf-dim">
          {t('Nothing since it was loaded')}
        </span>
      )}
    </Field>
  );
}

function WhereField({ form, record }: { form: ISaveForm; record: DatasetRecord }) {
  const t = useWords();
  const n = record.version.seq + 1;
  return (
    <Field label={t('Save to')} group>
      <RadioGroup
        label={t('Save to')}
        value={form.draft.where}
        options={[
          {
            value: 'here',
            label: (
              <>
                <bdi className="omicshelf-strong">{record.dataset_id}</bdi>
                {t(', as v{n}', { n })}
                {!form.fits && (
                  <span className="omicshelf-dim">
                    {' '}
                    {t('(other versions hold {format}, this one a {type})', {
                      format: record.version.data_format ?? '',
                      type: form.variable?.type ?? ''
                    })}
                  </span>
                )}
              </>
            )
          },
          { value: 'new', label: t('a new dataset') }
        ]}
        onChange={where => form.change({ where })}
      />
    </Field>
  );
}

const TYPES = { limit: 1, facets: ['data_type'], facetLimit: 50 } as const;

function NewFields({ form, atlas }: { form: ISaveForm; atlas: string }) {
  const t = useWords();
  const { data } = useFind(atlas, TYPES);
  const types = Object.keys(data?.pages[0]?.facets?.data_type ?? {});
  const studies = useStudies(atlas);
  const from = form.variable?.loadedFrom;
  const proposed = proposeId(form.id);
  let error = null;
  if (form.idState === 'taken') {
    error = t('There is a dataset of this id in {atlas}.', { atlas });
  } else if (form.idState === 'invalid') {
    error = (
      <>
        {t('An id has letters, digits, _ and - only.')}{' '}
        <LinkButton strong onClick={() => form.change({ id: proposed })}>
          {t('Use {id}', { id: proposed })}
        </LinkButton>
      </>
    );
  } else if (form.idState === 'empty') {
    error = t('It needs an id.');
  }
  return (
    <>
      <Field label={t('Name')}>
        <TextField
          value={form.draft.title}
          placeholder={t('What people call it')}
          onChange={title => form.change({ title })}
        />
      </Field>
      <Field
        label={t('Id')}
        required
        error={error}
        hint={
          form.idState !== 'free'
            ? undefined
            : form.draft.id === null && form.draft.title
              ? t('From the name; free in {atlas}.', { atlas })
              : t('Free in {atlas}', { atlas })
        }
      >
        <TextField code value={form.id} onChange={id => form.change({ id })} />
      </Field>
      <Field
        label={t('Type')}
        required
        error={form.dataType.trim() ? undefined : t('What kind of data it is')}
      >
        <Combobox
          value={form.dataType}
          options={types.map(type => ({ value: type, label: type }))}
          onChange={dataType => form.change({ dataType })}
        />
      </Field>
      <Field label={t('Study')}>
        <Combobox
          value={form.study}
          options={(studies.data ?? []).map(study => ({ value: study, label: study }))}
          placeholder={t('none')}
          onChange={study => form.change({ study })}
        />
      </Field>
      {from && (
        <Field label={t('Made from')} group>
          <span className="omicshelf-field-text">
            <Icon name="branch" /> <Bidi text={`${from.id} ${from.version}`} />{' '}
            <span className="omicshelf-dim">{t('recorded on load')}</span>
          </span>
        </Field>
      )}
    </>
  );
}
