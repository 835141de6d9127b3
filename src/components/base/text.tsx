/** Text that comes from data: isolated, with nothing unseen in it, and never anything but text. */

import { useMemo, type ElementType } from 'react';
import { classes } from './classes';
import { visible, visibleLines } from './visible';

// A browser lays out a line of a million letters in seconds; nobody reads further than this.
const SHOWN_AT_MOST = 5000;

export interface ITextProps {
  text: string;
  /** Search words to mark in it. */
  words?: readonly string[];
  /** The element it is: default `span`. */
  as?: ElementType;
  /** Break over lines instead of ending in an ellipsis. */
  wrap?: boolean;
  /** Keep its line ends (implies `wrap`). */
  lines?: boolean;
  /** In the font of code. */
  code?: boolean;
  /** The tooltip; default: the whole text. False where another element has it. */
  title?: string | false;
  className?: string;
}

/** A value from data in its place: one line with an ellipsis, the whole in the tooltip. */
export function Text(props: ITextProps) {
  const { text, words, as: Element = 'span', wrap = false, lines = false, code, title } = props;
  const shown = (lines ? visibleLines : visible)(cut(text));
  return (
    <Element
      className={classes(
        'omicshelf-text',
        lines ? 'omicshelf-mod-lines' : wrap ? 'omicshelf-mod-wrap' : 'omicshelf-mod-line',
        code && 'omicshelf-code',
        props.className
      )}
      dir="auto"
      title={title === false ? undefined : (title ?? (wrap || lines ? undefined : shown))}
    >
      {words?.length ? <Highlight text={shown} words={words} /> : shown}
    </Element>
  );
}

/** A value from data inside of a sentence: its direction does not turn the words around it. */
export function Bidi({ text, strong = false }: { text: string; strong?: boolean }) {
  const shown = visible(cut(text));
  return <bdi className="omicshelf-bidi">{strong ? <strong>{shown}</strong> : shown}</bdi>;
}

/** A text with the words that were searched for in bold. */
export function Highlight({ text, words }: { text: string; words: readonly string[] }) {
  const pieces = useMemo(() => marked(text, words), [text, words]);
  return (
    <>
      {pieces.map((piece, i) =>
        i % 2 ? (
          <mark key={i} className="omicshelf-mark">
            {piece}
          </mark>
        ) : (
          piece
        )
      )}
    </>
  );
}

/** Split a text at the words: every second piece is one of them. */
function marked(text: string, words: readonly string[]): string[] {
  const sought = words.filter(Boolean).sort((a, b) => b.length - a.length);
  if (!sought.length) {
    return [text];
  }
  const pattern = sought.map(word => word.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&')).join('|');
  return text.split(new RegExp(`(${pattern})`, 'giu'));
}

function cut(text: string): string {
  return text.length > SHOWN_AT_MOST ? `${text.slice(0, SHOWN_AT_MOST)}…` : text;
}
