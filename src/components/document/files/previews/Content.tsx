/** The content of a file, as its kind is shown; fetched when a file is first looked at. */

import { type ReactNode, useState } from 'react';
import { asCatalogError } from '../../../../api/errors';
import type { FileRecord, IDatasetRef } from '../../../../api/records';
import { Button, bytes, EmptyState, Problem, useHost, useWords, Waiting } from '../../../base';
import { download } from '../../../download';
import { type FileKind, imageType, kindOf } from '../kinds';
import { useFileBytes } from '../useFileBytes';
import { HtmlPreview } from './HtmlPreview';
import { ImagePreview } from './ImagePreview';
import { MarkdownPreview } from './MarkdownPreview';
import { PdfPreview } from './PdfPreview';
import { TablePreview } from './TablePreview';
import { JsonPreview, TextPreview } from './TextPreview';

interface IContentProps {
  dataset: IDatasetRef;
  file: FileRecord;
}

/** Of text the first bytes are enough to know what it is; the others are shown whole. */
const BEGINNING = 256_000;
const FROM_BEGINNING: ReadonlySet<FileKind> = new Set(['table', 'text', 'json', 'markdown']);
/** Above these, somebody has to want it. */
const ASKED_ABOVE = 30e6;

export function Content({ dataset, file }: IContentProps) {
  const t = useWords();
  const host = useHost();
  const [wanted, setWanted] = useState(false);
  const kind = kindOf(file.file_name);
  const size = file.size ?? 0;
  const beginning = FROM_BEGINNING.has(kind);
  const large = !beginning && kind !== 'other' && size > ASKED_ABOVE && !wanted;
  const enabled = kind !== 'other' && size > 0 && !large;
  const read = useFileBytes(dataset, file, {
    length: beginning ? BEGINNING : undefined,
    enabled
  });
  if (size === 0) {
    return <EmptyState title={t('This file is empty')}>{t('It has 0 bytes.')}</EmptyState>;
  }
  if (kind === 'other') {
    return <NoPreview dataset={dataset} file={file} />;
  }
  if (large) {
    return (
      <EmptyState
        title={t('This file is large')}
        actions={
          <Button look="bordered" onClick={() => setWanted(true)}>
            {t('Show it')}
          </Button>
        }
      >
        {t('{size} are read to show it.', { size: bytes(size) })}
      </EmptyState>
    );
  }
  if (read.error) {
    return (
      <Problem
        title={t('The file cannot be read')}
        error={asCatalogError(read.error)}
        onRetry={() => void read.refetch()}
      />
    );
  }
  if (!read.data) {
    return <Waiting label={t('Reading {name}', { name: file.file_name })} />;
  }
  const whole = read.data.length >= size;
  const path = host.client.filePath(dataset, file.file_name);
  const save = () => void download(host, path, file.file_name);
  return (
    <>
      {shown(kind, { dataset, file, data: read.data, whole, onDownload: save })}
      {!whole && (
        <p className="omicshelf-dim omicshelf-preview-note">
          {t('The first {part} of {size}.', {
            part: bytes(read.data.length),
            size: bytes(size)
          })}
        </p>
      )}
    </>
  );
}

/** What every preview is given. */
export interface IPreviewProps {
  file: FileRecord;
  data: Uint8Array;
  /** It is all of the file. */
  whole: boolean;
}

interface IShownProps extends IPreviewProps, IContentProps {
  onDownload: () => void;
}

function shown(kind: FileKind, props: IShownProps): ReactNode {
  switch (kind) {
    case 'image':
      return <ImagePreview {...props} type={imageType(props.file.file_name)} />;
    case 'html':
      return <HtmlPreview {...props} />;
    case 'pdf':
      return (
        <PdfPreview {...props} otherwise={<NoPreview {...props} />} onDownload={props.onDownload} />
      );
    case 'table':
      return <TablePreview {...props} />;
    case 'markdown':
      return <MarkdownPreview {...props} />;
    case 'json':
      return <JsonPreview {...props} />;
    default:
      return isText(props.data) ? <TextPreview {...props} /> : <NoPreview {...props} />;
  }
}

/** Text has no null bytes. */
function isText(data: Uint8Array): boolean {
  return !data.subarray(0, 4096).includes(0);
}

function NoPreview({ dataset, file }: IContentProps) {
  const t = useWords();
  const host = useHost();
  const path = host.client.filePath(dataset, file.file_name);
  return (
    <EmptyState
      title={t('This kind of file is not shown here')}
      actions={
        <Button
          look="bordered"
          icon="download"
          onClick={() => void download(host, path, file.file_name)}
        >
          {t('Download')}
        </Button>
      }
    >
      {t('Download it and open it with its own program.')}
    </EmptyState>
  );
}
