/** Code to read and to copy. */

import { useContext, useEffect, useRef, useState } from 'react';
import { Button } from './Button';
import { classes } from './classes';
import { HostContext, useWords } from './host';
import { useAnnounce } from './announce';
import { visibleLines } from './visible';

export interface ICodeLineProps {
  code: string;
  /** What it is, for people who do not see it: "The code that Load runs". */
  label: string;
  /** It may be of several lines. */
  block?: boolean;
  className?: string;
}

/** A line of code (or several) with a button that copies it. */
export function CodeLine({ code, label, block = false, className }: ICodeLineProps) {
  return (
    <div className={classes('omicshelf-codeline', block && 'omicshelf-mod-block', className)}>
      {/* What does not fit is scrolled to, by keyboard too. */}
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- it scrolls */}
      <pre tabIndex={0} role="region" aria-label={label} title={block ? undefined : code}>
        <code dir="ltr">{visibleLines(code)}</code>
      </pre>
      <CopyButton text={code} />
    </div>
  );
}

const SAID_FOR = 2000;

/** Puts a text on the clipboard, and says so; absent where the host has no clipboard. */
export function CopyButton({ text, label }: { text: string; label?: string }) {
  const t = useWords();
  const host = useContext(HostContext);
  const announce = useAnnounce();
  const [copied, setCopied] = useState(false);
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);
  if (!host) {
    return null;
  }
  const copy = async () => {
    try {
      await host.copy(text);
    } catch {
      host.notify({
        kind: 'error',
        text: t('The browser does not give access to the clipboard'),
        detail: t('Select the text and press Ctrl C.')
      });
      return;
    }
    announce(t('Copied'));
    setCopied(true);
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setCopied(false), SAID_FOR);
  };
  return (
    <Button
      icon={copied ? 'check' : 'copy'}
      label={copied ? t('Copied') : (label ?? t('Copy'))}
      onClick={() => void copy()}
    />
  );
}
