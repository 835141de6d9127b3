/** One room of a dataset's document: its versions, or its files. */

import { useEffect, useMemo, useRef } from 'react';

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
import { type IRoomChoice, RoomChoice } from '../../components/document/choice';
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

function Opened({ model, room, dataset, onVersion }: IOpenedProps) {
  const t = useWords();
  const choice = useChoice(model, room);
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
        <RoomChoice.Provider value={choice}>
          <Room
            tab={room}
            dataset={dataset}
            record={record}
            version={version}
            etag={opened.etag}
            onTab={() => undefined}
            onVersion={opened.choose}
          />
        </RoomChoice.Provider>
      </div>
    </section>
  );
}

/**
 * What is chosen is `selected`; where it is one, it is `value` too. Of two versions that are
 * compared, `value` is the newer one: it is what Load takes.
 */
function useChoice(model: IViewProps['model'], room: IRoomViewProps['room']): IRoomChoice {
  const [selected, setSelected] = useTrait(model, 'selected');
  const [value, setValue] = useTrait(model, 'value');
  const [tag = ''] = useTrait(model, 'tag');
  const chosen = useLastChosen(value, selected);
  const last = chosen?.[chosen.length - 1] ?? null;
  useEffect(() => {
    if (chosen) {
      setValue(last);
    }
  }, [chosen, last, setValue]);
  return useMemo(
    () => ({
      chosen,
      tag,
      onChosen(names) {
        setSelected(room === 'versions' && names.length < 2 ? [] : names);
        setValue(names[names.length - 1] ?? null);
      }
    }),
    [chosen, tag, room, setSelected, setValue]
  );
}

/** What was set last, one or several; null as long as nothing was. */
function useLastChosen(value: string | null, selected: readonly string[]) {
  const before = useRef<{ value: string | null; selected: readonly string[] }>({
    value: null,
    selected: []
  });
  const chosen = useRef<readonly string[] | null>(null);
  const one = value === null ? [] : [value];
  if (JSON.stringify(selected) !== JSON.stringify(before.current.selected)) {
    chosen.current = selected.length ? selected : one;
  } else if (value !== before.current.value && value !== selected[selected.length - 1]) {
    chosen.current = one;
  }
  before.current = { value, selected };
  return chosen.current;
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
