/** An image. As an image, what an SVG says it would do is not done. */

import { useState } from 'react';
import { Note, useWords } from '../../../base';
import { useBlobUrl } from '../useFileBytes';
import type { IPreviewProps } from './Content';

export function ImagePreview({ file, data, type }: IPreviewProps & { type: string }) {
  const t = useWords();
  const url = useBlobUrl(data, type);
  const [failed, setFailed] = useState(false);
  const [size, setSize] = useState<string | null>(null);
  if (failed) {
    return (
      <Note kind="error" title={t('The image cannot be shown')}>
        {t('It is damaged, or of another kind than its name says.')}
      </Note>
    );
  }
  return (
    url && (
      <figure className="omicshelf-preview-image">
        <img
          src={url}
          alt={file.file_name}
          onError={() => setFailed(true)}
          onLoad={({ currentTarget: { naturalWidth, naturalHeight } }) =>
            setSize(`${naturalWidth} × ${naturalHeight}`)
          }
        />
        {size && <figcaption className="omicshelf-dim">{size}</figcaption>}
      </figure>
    )
  );
}
