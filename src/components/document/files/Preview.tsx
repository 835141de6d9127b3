/** A file that is looked at: its header, its content, and what it was before. */

import { Suspense, useState } from 'react';
import type { FileRecord, IDatasetRef } from '../../../api/records';
import {
  Ago,
  Button,
  bytes,
  Icon,
  Popover,
  Text,
  useHost,
  useWords,
  Waiting,
  lazily
} from '../../base';
import { download } from '../../download';
import { fileIcon } from './FileList';
import { History } from './History';
import type { ISource } from './source';
import { SourceBadge } from './SourceBadge';

const Content = lazily(async () => (await import('./previews/Content')).Content);

interface IPreviewProps {
  dataset: IDatasetRef;
  file: FileRecord;
  source: ISource | null;
  mayWrite: boolean;
}

export function Preview({ dataset, file, source, mayWrite }: IPreviewProps) {
  const t = useWords();
  const host = useHost();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const name = file.file_name;
  return (
    <section className="omicshelf-preview" aria-label={name}>
      <header className="omicshelf-preview-bar">
        <Icon name={fileIcon(name)} />
        <Text as="h2" className="omicshelf-preview-name" text={name} />
        <SourceBadge source={source} only={file.auto_remove ?? false} />
        <span className="omicshelf-preview-facts">
          {bytes(file.size ?? 0)} · <Ago time={file.created_at} />
          {file.author && <Text text={` · ${file.author}`} />}
        </span>
        <Button
          icon="download"
          label={t('Download {name}', { name })}
          onClick={() => void download(host, host.client.filePath(dataset, name), name)}
        />
        <Button
          icon="clock"
          label={t('History of {name}', { name })}
          popup="dialog"
          expanded={anchor !== null}
          onClick={event => setAnchor(event.currentTarget)}
        />
        {anchor && (
          <Popover
            anchor={anchor}
            align="end"
            label={t('History of {name}', { name })}
            className="omicshelf-history"
            onClose={() => setAnchor(null)}
          >
            <History dataset={dataset} file={file} mayWrite={mayWrite} />
          </Popover>
        )}
      </header>
      <div className="omicshelf-preview-body">
        <Suspense fallback={<Waiting label={t('Loading')} />}>
          <Content dataset={dataset} file={file} />
        </Suspense>
      </div>
    </section>
  );
}
