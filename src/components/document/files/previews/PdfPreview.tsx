/**
 * A PDF, in the browser's own viewer.
 *
 * Browsers do not start it in a sandboxed frame, and some have none. It is given bytes of which we say that they are a
 * PDF, and that begin as one: they are never taken for a page, and the viewer is apart from ours.
 */

import type { ReactNode } from 'react';
import { Button, EmptyState, useWords } from '../../../base';
import { useBlobUrl } from '../useFileBytes';
import type { IPreviewProps } from './Content';

const TYPE = 'application/pdf';

interface IPdfPreviewProps extends IPreviewProps {
  /** What is shown where it is no PDF. */
  otherwise: ReactNode;
  onDownload: () => void;
}

export function PdfPreview({ file, data, otherwise, onDownload }: IPdfPreviewProps) {
  const t = useWords();
  const url = useBlobUrl(data, TYPE);
  const isPdf = new TextDecoder('latin1').decode(data.subarray(0, 1024)).includes('%PDF-');
  if (!isPdf) {
    return <>{otherwise}</>;
  }
  const open = url && (
    <a className="omicshelf-link" href={url} target="_blank" rel="noopener noreferrer">
      {t('Open in a new tab')}
    </a>
  );
  const notShown = (
    <EmptyState
      title={t('This browser does not show PDF in a page')}
      actions={
        <Button look="bordered" icon="download" onClick={onDownload}>
          {t('Download')}
        </Button>
      }
    >
      {t('Download it and open it with its own program.')} {open}
    </EmptyState>
  );
  if (!navigator.pdfViewerEnabled) {
    return notShown;
  }
  return (
    url && (
      <div className="omicshelf-preview-page">
        <object
          className="omicshelf-preview-frame"
          data={url}
          type={TYPE}
          aria-label={file.file_name}
        >
          {notShown}
        </object>
        <p className="omicshelf-preview-note">
          {t('Shown by the viewer of your browser.')} {open}
        </p>
      </div>
    )
  );
}
