/** Text as it is, and JSON in lines. */

import { useMemo } from 'react';
import { useWords, visibleLines } from '../../../base';
import type { IPreviewProps } from './Content';

// A line of a million letters takes a browser seconds to lay out.
const LONGEST_LINE = 5000;

export function TextPreview({ file, data }: IPreviewProps) {
  const text = useMemo(() => new TextDecoder().decode(data), [data]);
  return <Lines text={text} label={file.file_name} />;
}

export function JsonPreview({ file, data, whole }: IPreviewProps) {
  const text = useMemo(() => {
    const raw = new TextDecoder().decode(data);
    return whole ? (indented(raw) ?? raw) : raw;
  }, [data, whole]);
  return <Lines text={text} label={file.file_name} />;
}

function indented(text: string): string | null {
  try {
    return JSON.stringify(JSON.parse(text), null, 2);
  } catch {
    return null; // it says JSON and is none: it is shown as it is
  }
}

export function Lines({ text, label }: { text: string; label: string }) {
  const t = useWords();
  const shown = useMemo(
    () =>
      visibleLines(text)
        .split('\n')
        .map(line => (line.length > LONGEST_LINE ? `${line.slice(0, LONGEST_LINE)}…` : line))
        .join('\n'),
    [text]
  );
  return (
    <pre
      className="omicshelf-preview-text"
      role="region"
      aria-label={t('Content of {name}', { name: label })}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls, by keyboard too
      tabIndex={0}
    >
      {shown}
    </pre>
  );
}
