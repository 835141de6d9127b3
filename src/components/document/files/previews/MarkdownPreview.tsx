/** Markdown, as the host shows it; else as the text that it is. */

import { useEffect, useMemo, useRef, useState } from 'react';
import { useHost } from '../../../base';
import type { IPreviewProps } from './Content';
import { Lines } from './TextPreview';

export function MarkdownPreview({ file, data }: IPreviewProps) {
  const host = useHost();
  const place = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
  const text = useMemo(() => new TextDecoder().decode(data), [data]);
  useEffect(() => {
    const element = place.current;
    if (!element) {
      return;
    }
    setFailed(false);
    element.replaceChildren();
    host.renderMarkdown?.(text, element).catch(() => setFailed(true));
  }, [host, text]);
  if (!host.renderMarkdown || failed) {
    return <Lines text={text} label={file.file_name} />;
  }
  return <div ref={place} className="omicshelf-preview-markdown" />;
}
