/** The files of a dataset: the list at the left, what is chosen in it at the right. */

import { useMemo, useState } from 'react';
import { asCatalogError } from '../../../api/errors';
import type { FileRecord, IDatasetRef, VersionRecord } from '../../../api/records';
import {
  bytes,
  Button,
  EmptyState,
  Problem,
  type Selection,
  Skeleton,
  useHost,
  useWords,
  Waiting
} from '../../base';
import { useConnection, useFiles, useRights, useVersions } from '../../data';
import { AttachZone } from '../../dialogs/attach';
import { download } from '../../download';
import { useRoomChoice } from '../choice';
import type { IRoomProps } from '../Room';
import { FileList } from './FileList';
import { tagsOf } from './groups';
import { Preview } from './Preview';
import { sourceOf } from './source';
import { useRemoving } from './useRemoving';

const NO_VERSIONS: VersionRecord[] = [];

export function Files(props: IRoomProps) {
  const t = useWords();
  const { data, error, refetch } = useFiles(props.dataset);
  if (data) {
    return <Shown {...props} files={data} />;
  }
  if (error) {
    return (
      <Problem
        title={t('The files cannot be read')}
        error={asCatalogError(error)}
        onRetry={() => void refetch()}
      />
    );
  }
  return (
    <Waiting label={t('Reading the files')}>
      <Skeleton rows={6} height={27} lines={1} />
    </Waiting>
  );
}

function Shown({ dataset, record, version, files }: IRoomProps & { files: FileRecord[] }) {
  const t = useWords();
  const { mayWrite } = useRights(dataset.atlas);
  const connected = useConnection().state !== 'unreachable';
  const versions = useVersions(dataset).data ?? NO_VERSIONS;
  const removing = useRemoving(dataset);
  const [selection, setSelection] = useState<Selection>(new Set());
  const tags = useMemo(() => tagsOf(files).filter(tag => tag !== null), [files]);
  const named = useMemo(
    () => files.map(file => ({ key: file.file_name, name: file.file_name })),
    [files]
  );
  useRoomChoice(named, selection, setSelection);
  const chosen = files.filter(file => selection.has(file.file_name));
  const sourceOfFile = useMemo(
    () => (file: FileRecord) => sourceOf(file, record.version, versions),
    [record.version, versions]
  );
  const writes = mayWrite && connected;
  const list = files.length ? (
    <>
      <FileList
        files={files}
        sourceOf={sourceOfFile}
        selection={selection}
        onSelect={setSelection}
        onRemove={writes ? removing.remove : undefined}
      />
      <Footer
        dataset={dataset}
        files={files}
        chosen={chosen}
        onRemove={writes ? removing.remove : undefined}
      />
    </>
  ) : (
    <EmptyState title={t('No files are attached')}>
      {writes
        ? t('Figures, reports, marker tables, protocols: what belongs to the data and is no data.')
        : t('To attach files, you need the contributor role.')}
    </EmptyState>
  );
  return (
    <div className="omicshelf-files">
      <section className="omicshelf-files-left" aria-label={t('Files')}>
        <AttachZone dataset={dataset} version={version} tags={tags} allowed={writes}>
          {list}
        </AttachZone>
      </section>
      <Right dataset={dataset} chosen={chosen} sourceOf={sourceOfFile} mayWrite={writes} />
      {removing.dialog}
    </div>
  );
}

interface IFooterProps {
  dataset: IDatasetRef;
  files: readonly FileRecord[];
  chosen: readonly FileRecord[];
  onRemove?: (files: readonly FileRecord[]) => void;
}

function Footer({ dataset, files, chosen, onRemove }: IFooterProps) {
  const t = useWords();
  const host = useHost();
  const size = (of: readonly FileRecord[]) => bytes(of.reduce((sum, f) => sum + (f.size ?? 0), 0));
  const downloadAll = async () => {
    for (const file of chosen) {
      await download(host, host.client.filePath(dataset, file.file_name), file.file_name);
    }
  };
  return (
    <footer className="omicshelf-files-footer">
      <span className="omicshelf-number">
        {chosen.length
          ? t('{n} of {all} selected, {size}', {
              n: chosen.length,
              all: files.length,
              size: size(chosen)
            })
          : t.plural('{n} file, {size}', '{n} files, {size}', files.length, { size: size(files) })}
      </span>
      {chosen.length > 0 && (
        <span className="omicshelf-files-acts">
          <Button icon="download" onClick={() => void downloadAll()}>
            {t('Download')}
          </Button>
          {onRemove && (
            <Button
              icon="trash"
              label={t('Delete')}
              keys="Delete"
              onClick={() => onRemove(chosen)}
            />
          )}
        </span>
      )}
    </footer>
  );
}

// More than these are too small to compare.
const SHOWN = 2;

interface IRightProps {
  dataset: IDatasetRef;
  chosen: readonly FileRecord[];
  sourceOf: (file: FileRecord) => ReturnType<typeof sourceOf>;
  mayWrite: boolean;
}

function Right({ dataset, chosen, sourceOf: source, mayWrite }: IRightProps) {
  const t = useWords();
  return (
    <aside className="omicshelf-files-right" aria-label={t('Preview')}>
      {chosen.length === 0 && (
        <p className="omicshelf-dim omicshelf-files-hint">
          {t('Select a file to see it, or two to see both.')}
        </p>
      )}
      {chosen.slice(0, SHOWN).map(file => (
        <Preview
          key={file.file_name}
          dataset={dataset}
          file={file}
          source={source(file)}
          mayWrite={mayWrite}
        />
      ))}
      {chosen.length > SHOWN && (
        <p className="omicshelf-dim omicshelf-files-hint">
          {t('{n} more are selected; two are shown.', { n: chosen.length - SHOWN })}
        </p>
      )}
    </aside>
  );
}
