/** The metadata: a form for whoever may change them, text for whoever may not. */

import { type ReactNode, useState } from 'react';
import type { Role } from '../../../../api/records';
import {
  Button,
  Icon,
  LinkButton,
  Note,
  Segmented,
  Text,
  TextField,
  useWords
} from '../../../base';
import { useConnection, useRights } from '../../../data';
import { isolated } from '../../isolated';
import { versionName } from '../../reference';
import type { IOverviewProps } from '../Overview';
import { inexact } from './draft';
import { JsonView } from './JsonView';
import { Meanwhile } from './Meanwhile';
import { MetadataForm } from './MetadataForm';
import { MetadataText } from './MetadataText';
import { type IMetadataDraft, type Mode, useMetadataDraft } from './useMetadataDraft';

export function MetadataPanel(props: IOverviewProps) {
  const { dataset, record, version, etag } = props;
  const { mayWrite, role } = useRights(dataset.atlas);
  const draft = useMetadataDraft(dataset, record, etag);
  const isNewest = version.version_id === record.version.version_id;
  const rounded = inexact(record.version.metadata ?? {});
  const mayEdit = isNewest && mayWrite && !rounded.length;
  // The role may be known only after somebody has chosen how the metadata are shown.
  const [reading, setReading] = useState<Mode>('form');
  const show = (mode: Mode) => {
    setReading(mode);
    draft.setMode(mode);
  };
  if (mayEdit) {
    return (
      <Frame
        mode={draft.mode}
        onMode={show}
        footer={draft.dirty && <EditorFooter {...props} draft={draft} />}
      >
        <Editor {...props} draft={draft} />
      </Frame>
    );
  }
  const is = { rounded, isNewest, role, mayWrite };
  return (
    <Frame mode={reading} onMode={show} footer={<ReaderFooter {...props} {...is} />}>
      {reading === 'form' ? (
        <MetadataText metadata={version.metadata ?? {}} />
      ) : (
        <Text as="pre" text={JSON.stringify(version.metadata ?? {}, null, 2)} lines code />
      )}
    </Frame>
  );
}

interface IFrameProps {
  mode: Mode;
  onMode: (mode: Mode) => void;
  children: ReactNode;
  footer?: ReactNode;
}

function Frame({ mode, onMode, children, footer }: IFrameProps) {
  const t = useWords();
  return (
    <section className="omicshelf-metadata" aria-label={t('Metadata')}>
      <div className="omicshelf-metadata-head">
        <h2>{t('Metadata')}</h2>
        <Segmented
          label={t('How the metadata are shown')}
          value={mode}
          segments={[
            { value: 'form', label: t('Form') },
            { value: 'json', label: t('JSON') }
          ]}
          onChange={onMode}
        />
      </div>
      <div className="omicshelf-metadata-body">{children}</div>
      {footer}
    </section>
  );
}

interface IReaderProps extends IOverviewProps {
  rounded: readonly string[];
  isNewest: boolean;
  /** Null until it is known. */
  role: Role | null;
  mayWrite: boolean;
}

/** Why the metadata are not changed here. */
function ReaderFooter({ dataset, record, version, onVersion, ...is }: IReaderProps) {
  const t = useWords();
  let why: ReactNode;
  if (is.role === null) {
    return null;
  } else if (!is.mayWrite) {
    why = t(
      'You can read {atlas}. To change datasets you need the contributor role: ask an admin.',
      {
        atlas: isolated(dataset.atlas)
      }
    );
  } else if (!is.isNewest) {
    why = (
      <>
        {t('These are the metadata of {version}. They are changed in the newest version.', {
          version: versionName(version)
        })}{' '}
        <LinkButton onClick={() => onVersion(undefined)}>
          {t('Show {version}', { version: versionName(record.version) })}
        </LinkButton>
      </>
    );
  } else {
    why = t('{keys} has numbers that a browser would round: change these metadata in Python.', {
      keys: isolated(is.rounded.join(', '))
    });
  }
  return (
    <div className="omicshelf-metadata-why">
      <div className="omicshelf-note">
        <Icon name={is.mayWrite ? 'info' : 'lock'} />
        <div className="omicshelf-note-words">{why}</div>
      </div>
    </div>
  );
}

interface IEditorProps extends IOverviewProps {
  draft: IMetadataDraft;
}

function Editor({ dataset, draft }: IEditorProps) {
  const t = useWords();
  return (
    <>
      <Meanwhile draft={draft} />
      {draft.failure && (
        <Note kind="error" title={<Text text={draft.failure.title} wrap />}>
          {draft.failure.detail}
        </Note>
      )}
      {draft.mode === 'form' ? (
        <MetadataForm atlas={dataset.atlas} draft={draft} />
      ) : (
        <JsonView draft={draft} />
      )}
      {!draft.dirty && draft.mode === 'form' && draft.fields.length === 0 && (
        <p className="omicshelf-dim">
          {t('Nothing is written about this dataset yet. What is, can be searched for.')}
        </p>
      )}
    </>
  );
}

function EditorFooter({ record, draft }: IEditorProps) {
  const connected = useConnection().state !== 'unreachable';
  return <SaveFooter draft={draft} connected={connected} next={record.version.seq + 1} />;
}

interface ISaveFooterProps {
  draft: IMetadataDraft;
  connected: boolean;
  next: number;
}

function SaveFooter({ draft, connected, next }: ISaveFooterProps) {
  const t = useWords();
  const { errors, newer, saving } = draft;
  let what = '';
  if (!connected) {
    what = t('The catalog does not answer; what you typed is kept');
  } else if (newer) {
    what = t('Merge first');
  } else if (errors) {
    what = t.plural('Fix {n} error to save', 'Fix {n} errors to save', errors);
  }
  const stopped = errors > 0 || newer !== null || !connected;
  return (
    <form
      className="omicshelf-metadata-footer"
      onSubmit={event => {
        event.preventDefault();
        if (!stopped) {
          void draft.save();
        }
      }}
    >
      <TextField
        label={t('Message')}
        placeholder={t('What you changed, and why')}
        value={draft.message}
        onChange={draft.setMessage}
      />
      <div className="omicshelf-metadata-actions">
        <span className="omicshelf-metadata-state" role="status">
          {what}
        </span>
        <Button onClick={draft.revert} disabled={saving}>
          {t('Revert')}
        </Button>
        <Button look="bordered" type="submit" busy={saving} disabled={stopped}>
          {t('Save as v{n}', { n: next })}
        </Button>
      </div>
    </form>
  );
}
