/**
 * A PDF, in the browser's own viewer.
 *
 * Browsers do not start it in a sandboxed frame. It is given bytes of which we say that they are a
 * PDF, and that begin as one: they are never taken for a page, and the viewer is apart from ours.
 */

import type { ReactNode } from 'react';
import { useBlobUrl } from '../useFileBytes';
import type { IPreviewProps } from './Content';

const TYPE = 'application/pdf';

export function PdfPreview({ file, data, otherwise }: IPreviewProps & { otherwise: ReactNode }) {
  const url = useBlobUrl(data, TYPE);
  const isPdf = new TextDecoder('latin1').decode(data.subarray(0, 1024)).includes('%PDF-');
  if (!isPdf || !navigator.pdfViewerEnabled) {
    return <>{otherwise}</>;
  }
  return (
    url && (
      <object
        className="omicshelf-preview-frame"
        data={url}
        type={TYPE}
        aria-label={file.file_name}
      >
        {otherwise}
      </object>
    )
  );
}
