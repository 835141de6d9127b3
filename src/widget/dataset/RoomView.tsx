/** One room of a dataset's document: its versions, or its files. */

import { asCatalogError } from '../../api/errors';
import type { IDatasetRef } from '../../api/records';
import {
  bytes,
  EmptyState,
  Icon,
  Problem,
  Skeleton,
  Text,
  useWords,
  Waiting
} from '../../components/base';
import { isGone, useFiles, useVersions } from '../../components/data';
import { Room } from '../../components/document/Room';
import { type IOpened, useOpened } from '../../components/document/useOpened';
import { useTrait } from '../traits';
import type { IViewProps } from '../View';

export function TimelineView({ model }: IViewProps) {
  return <RoomView model={model} room="versions" />;
}

export function FilesView({ model }: IViewProps) {
  return <RoomView model={model} room="files" />;
}

interface IRoomViewProps extends IViewProps {
  room: 'versions' | 'files';
}

function RoomView({ model, room }: IRoomViewProps) {
  const [atlas] = useTrait(model, 'atlas');
  const [id] = useTrait(model, 'dataset');
  const [version, setVersion] = useTrait(model, 'version');
  if (atlas === null || id === null) {
    return null;
  }
  const dataset: IDatasetRef = { atlas, id, ...(version === null ? {} : { version }) };
  return (
    <Opened
      key={`${atlas}/${id}`}
      model={model}
      room={room}
      dataset={dataset}
      onVersion={chosen => setVersion(chosen ?? null)}
    />
  );
}

interface IOpenedProps extends IRoomViewProps {
  dataset: IDatasetRef;
  onVersion: (version: string | undefined) => void;
}

function Opened({ room, dataset, onVersion }: IOpenedProps) {
  const t = useWords();
  const opened = useOpened(dataset, onVersion);
  const { record, version, error } = opened;
  if (!record || !version) {
    return error ? (
      <NotThere dataset={dataset} opened={opened} />
    ) : (
      <Waiting label={t('Opening {id}', { id: dataset.id })} onCancel={opened.stop}>
        <Skeleton rows={5} lines={1} height={24} />
      </Waiting>
    );
  }
  return (
    <section className="omicshelf-widget-room" aria-label={dataset.id}>
      <header className="omicshelf-widget-head">
        <Icon name={room === 'versions' ? 'clock' : 'clip'} />
        <Text className="omicshelf-strong" text={dataset.id} />
        <span className="omicshelf-dim omicshelf-number">
          {room === 'versions' ? (
            <VersionFacts dataset={dataset} />
          ) : (
            <FileFacts dataset={dataset} />
          )}
        </span>
      </header>
      <div className="omicshelf-widget-body">
        <Room
          tab={room}
          dataset={dataset}
          record={record}
          version={version}
          etag={opened.etag}
          onTab={() => undefined}
          onVersion={opened.choose}
        />
      </div>
    </section>
  );
}

function NotThere({ dataset, opened }: { dataset: IDatasetRef; opened: IOpened }) {
  const t = useWords();
  return isGone(opened.error) ? (
    <EmptyState title={t('There is no dataset {id} any more', { id: dataset.id })}>
      {t('It was deleted, or it was never in {atlas}.', { atlas: dataset.atlas })}
    </EmptyState>
  ) : (
    <Problem
      title={t('{id} cannot be opened', { id: dataset.id })}
      error={asCatalogError(opened.error)}
      onRetry={opened.again}
    />
  );
}

/** `5 versions, 13.5 MB`: what each added. */
function VersionFacts({ dataset }: { dataset: IDatasetRef }) {
  const t = useWords();
  const { data } = useVersions(dataset);
  if (!data) {
    return null;
  }
  const size = data.reduce((sum, version) => sum + (version.added_bytes ?? 0), 0);
  const words = t.plural('{n} version', '{n} versions', data.length);
  return <>{size > 0 ? `${words}, ${bytes(size)}` : words}</>;
}

function FileFacts({ dataset }: { dataset: IDatasetRef }) {
  const t = useWords();
  const { data } = useFiles(dataset);
  return <>{data && t.plural('{n} file', '{n} files', data.length)}</>;
}
