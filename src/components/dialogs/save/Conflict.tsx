/** Somebody saved first: both sides, and the three ways out, none of them chosen. */

import type { ReactNode } from 'react';
import type { DatasetRecord } from '../../../api/records';
import {
  Ago,
  Bidi,
  Button,
  Dialog,
  Icon,
  type IconName,
  LinkButton,
  Note,
  TextField,
  useWords
} from '../../base';
import type { SaveConflict } from '../../host';
import { versionName } from '../../document/reference';
import { ChangeLines, signed } from './ChangeLines';
import { proposeId } from '../add/naming';
import type { ISaveForm } from './useSaveForm';

interface IConflictProps {
  record: DatasetRecord;
  form: ISaveForm;
  conflict: SaveConflict;
  onClose: () => void;
  onLook?: () => void;
}

export function Conflict(props: IConflictProps) {
  const { form, conflict, onClose } = props;
  const t = useWords();
  const newest = versionName(conflict.newest);
  const based = conflict.basedOn ?? t('an older version');
  const who = conflict.newest.author ?? t('Somebody');
  const name = form.variable?.name ?? '';
  return (
    <Dialog
      title={t('Save from kernel')}
      size="normal"
      onClose={onClose}
      className="omicshelf-save"
    >
      <Note
        kind="warning"
        title={
          <>
            {t('{version} was saved by {who}', { version: newest, who })}{' '}
            <Ago time={conflict.newest.created_at} />
          </>
        }
      >
        {t(
          'Your {name} was made from {based}. Nothing has been written yet; your message is kept.',
          {
            name,
            based
          }
        )}
      </Note>
      <div className="omicshelf-sides">
        <Side
          title={`${based} → ${newest}`}
          hint={[who, conflict.newest.message].filter(Boolean).join(', ')}
          lines={conflict.theirs}
        />
        <Side title={`${based} → ${name}`} hint={t('in this kernel')} lines={conflict.mine} />
      </div>
      <Both conflict={conflict} />
      <Ways {...props} newest={newest} name={name} />
      <footer className="omicshelf-dialog-footer">
        <div className="omicshelf-dialog-note omicshelf-dim">
          {t('To have both: load {version}, do it again, save.', { version: newest })}
        </div>
        <div className="omicshelf-dialog-actions">
          <Button look="cancel" onClick={onClose}>
            {t('Cancel')}
          </Button>
        </div>
      </footer>
    </Dialog>
  );
}

function Side({ title, hint, lines }: { title: string; hint: string; lines: readonly string[] }) {
  const t = useWords();
  return (
    <section className="omicshelf-side" aria-label={title}>
      <h3 className="omicshelf-side-title">
        <Bidi text={title} />
      </h3>
      <div className="omicshelf-side-hint">
        <Bidi text={hint} />
      </div>
      {lines.length ? <ChangeLines lines={lines} /> : <div>{t('Nothing changed')}</div>}
    </section>
  );
}

/** The names between backticks that are in what both did. */
function Both({ conflict }: { conflict: SaveConflict }) {
  const t = useWords();
  const mine = namesIn(conflict.mine);
  const both = namesIn(conflict.theirs).filter(name => mine.includes(name));
  return (
    <div className="omicshelf-both">
      <Icon name={both.length ? 'warning' : 'info'} tone={both.length ? 'warning' : undefined} />
      <span>
        {both.length ? (
          <>
            {t('Changed on both sides:')} <Bidi text={both.join(', ')} strong />
          </>
        ) : (
          t('Nothing was changed on both sides.')
        )}
      </span>
    </div>
  );
}

function namesIn(lines: readonly string[]): string[] {
  return lines
    .filter(line => signed(line).kind !== null)
    .flatMap(line => [...line.matchAll(/`([^`]+)`/g)].map(found => found[1]));
}

function Ways(props: IConflictProps & { newest: string; name: string }) {
  const { form, conflict, newest, name, onLook, record } = props;
  const t = useWords();
  const next = `v${conflict.newest.seq + 1}`;
  const isNew = form.draft.where === 'new';
  return (
    <ul className="omicshelf-ways-out">
      {onLook && (
        <Way
          icon="compare"
          title={t('See what changed')}
          action={
            <Button look="bordered" onClick={onLook}>
              {t('Look at {version}', { version: newest })}
            </Button>
          }
        >
          {t('Opens the versions. Save from kernel has your message when you come back.')}
        </Way>
      )}
      <Way
        icon="save"
        title={t('Save as {next}, on top of {newest}', { next, newest })}
        action={
          <Button
            look="bordered"
            busy={form.busy}
            disabled={isNew}
            onClick={() => form.save(conflict.newest.version_id)}
          >
            {t('Save as {next}', { next })}
          </Button>
        }
      >
        {t(
          '{next} holds {name} as it is, without what {newest} changed. {newest} stays in the timeline.',
          {
            next,
            name,
            newest
          }
        )}
      </Way>
      <Way
        icon="branch"
        title={t('Save as a new dataset')}
        action={
          <Button
            look="bordered"
            busy={form.busy && isNew}
            disabled={isNew && !form.ready}
            onClick={() =>
              isNew
                ? form.save()
                : form.change({
                    where: 'new',
                    id: form.draft.id ?? proposeId(`${record.dataset_id}_${name}`)
                  })
            }
          >
            {isNew ? t('Save new dataset') : t('Save as new…')}
          </Button>
        }
      >
        {isNew ? (
          <>
            <TextField code label={t('Id')} value={form.id} onChange={id => form.change({ id })} />
            <span role="status">
              {form.idState === 'free'
                ? t('Free in {atlas}', { atlas: record.atlas })
                : form.idState === 'taken'
                  ? t('There is a dataset of this id in {atlas}.', { atlas: record.atlas })
                  : form.idState === 'invalid'
                    ? t('An id has letters, digits, _ and - only.')
                    : ''}
            </span>{' '}
            <LinkButton onClick={() => form.change({ where: 'here' })}>{t('Not this')}</LinkButton>
          </>
        ) : (
          t("Nobody's work is touched.")
        )}
      </Way>
      {form.failure && (
        <li>
          <Note kind="error" title={form.failure.title}>
            {form.failure.detail}
          </Note>
        </li>
      )}
    </ul>
  );
}

interface IWayProps {
  icon: IconName;
  title: string;
  action: ReactNode;
  children: ReactNode;
}

function Way({ icon, title, action, children }: IWayProps) {
  return (
    <li className="omicshelf-way-out">
      <Icon name={icon} />
      <div className="omicshelf-way-out-words">
        <div className="omicshelf-strong">{title}</div>
        <div>{children}</div>
      </div>
      {action}
    </li>
  );
}
