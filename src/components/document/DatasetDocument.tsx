/** A dataset: its header, and what is below its tabs. */

import { useQueryClient } from '@tanstack/react-query';
import { type ReactNode, useId, useState } from 'react';
import { asCatalogError } from '../../api/errors';
import type { IDatasetRef } from '../../api/records';
import {
  Button,
  EmptyState,
  Note,
  Problem,
  Skeleton,
  TabPanel,
  ThinBar,
  useSlow,
  useWords,
  Waiting
} from '../base';
import { isGone, keys, useConnection } from '../data';
import type { DocumentTab } from '../host';
import { DocumentTabs } from './DocumentTabs';
import { Header } from './Header';
import { isolated } from './isolated';
import { Gone } from './Gone';
import { versionName } from './reference';
import { Room } from './Room';
import { type IOpened, useOpened } from './useOpened';

export interface IDatasetDocumentProps {
  /** Its version is the one that is shown first; without one, the newest, whatever comes. */
  dataset: IDatasetRef;
  tab?: DocumentTab;
  /** Another tab was chosen; without this, the document keeps that to itself. */
  onTab?: (tab: DocumentTab) => void;
  /** Another version was chosen; undefined is the newest. */
  onVersion?: (version: string | undefined) => void;
}

export function DatasetDocument(props: IDatasetDocumentProps) {
  const { dataset } = props;
  // Another dataset is another document: nothing of the one before stays.
  return <Opening key={`${dataset.atlas}/${dataset.id}`} {...props} />;
}

function Opening(props: IDatasetDocumentProps) {
  const t = useWords();
  const { dataset } = props;
  const opened = useOpened(dataset, props.onVersion);
  const { record, error } = opened;
  if (isGone(error)) {
    return <Gone dataset={dataset} />;
  }
  if (record) {
    return <Opened {...props} opened={opened} />;
  }
  if (error) {
    return <NotOpened dataset={dataset} opened={opened} />;
  }
  if (opened.stopped) {
    return (
      <EmptyState
        title={t('{id} was not opened', { id: isolated(dataset.id) })}
        actions={
          <Button look="primary" onClick={opened.again}>
            {t('Open it')}
          </Button>
        }
      />
    );
  }
  return (
    <Waiting
      className="omicshelf-document"
      label={t('Opening {id}', { id: isolated(dataset.id) })}
      onCancel={opened.stop}
    >
      <Skeleton rows={8} height={24} lines={1} />
    </Waiting>
  );
}

/** It could not be read: no connection, no right, or something of the server. */
function NotOpened({ dataset, opened }: { dataset: IDatasetRef; opened: IOpened }) {
  const t = useWords();
  const connection = useConnection();
  const error = asCatalogError(opened.error);
  const refused = error.kind === 'AccessDenied';
  return (
    <div className="omicshelf-document omicshelf-mod-centred">
      <Problem
        title={
          refused
            ? t('You may not read {id}', { id: `${dataset.atlas}/${dataset.id}` })
            : t('{id} cannot be opened', { id: dataset.id })
        }
        error={error}
        onRetry={opened.again}
        nextTry={connection.state === 'unreachable' ? connection.nextTry : null}
      >
        {refused
          ? t('An admin of {atlas} can give you the viewer role.', {
              atlas: isolated(dataset.atlas)
            })
          : t('What is loaded in a kernel stays there.')}
      </Problem>
    </div>
  );
}

function Opened(props: IDatasetDocumentProps & { opened: IOpened }) {
  const { dataset, opened } = props;
  const { record, version } = opened;
  const id = useId();
  const [ownTab, setOwnTab] = useState<DocumentTab>(props.tab ?? 'overview');
  const tab = props.onTab ? (props.tab ?? 'overview') : ownTab;
  const show = (chosen: DocumentTab) => {
    setOwnTab(chosen);
    props.onTab?.(chosen);
  };
  if (!record || !version) {
    return null;
  }
  return (
    <article className="omicshelf-document" aria-label={dataset.id}>
      <Header opened={opened} record={record} version={version} onTab={show} />
      <Standing dataset={dataset} opened={opened} />
      <DocumentTabs id={id} dataset={dataset} record={record} value={tab} onChange={show} />
      <TabPanel id={id} value={tab} className="omicshelf-document-room">
        <Room
          tab={tab}
          dataset={dataset}
          record={record}
          version={version}
          etag={opened.etag}
          onTab={show}
          onVersion={opened.choose}
        />
      </TabPanel>
    </article>
  );
}

/** What is to be known about what is shown: that it is old, or not what was asked for. */
function Standing({ dataset, opened }: { dataset: IDatasetRef; opened: IOpened }) {
  const t = useWords();
  const connection = useConnection();
  const queries = useQueryClient();
  const notes: ReactNode[] = [];
  const slow = useSlow(opened.reading);
  if (connection.state === 'unreachable' || opened.error) {
    const retry = () => void queries.refetchQueries({ queryKey: keys.dataset(dataset) });
    notes.push(
      <Note
        key="unreachable"
        kind="warning"
        title={t('The catalog does not answer')}
        actions={
          <Button look="bordered" onClick={retry}>
            {t('Try again')}
          </Button>
        }
      >
        {t('You see what was read before. It cannot be changed until the catalog is back.')}
      </Note>
    );
  }
  if (opened.missing !== null && opened.version) {
    const name = versionName(opened.version);
    notes.push(
      <Note
        key="missing"
        kind="warning"
        title={t('There is no version {name}', { name: isolated(opened.missing) })}
        actions={
          <Button look="bordered" onClick={() => opened.choose(undefined)}>
            {t('Show the newest')}
          </Button>
        }
      >
        {t('It may have been deleted for good. {shown} is shown.', { shown: name })}
      </Note>
    );
  }
  return (
    <>
      {slow && <ThinBar label={t('Reading')} />}
      {notes.length > 0 && <div className="omicshelf-document-notes">{notes}</div>}
    </>
  );
}
