/** What changed, in words: a line each, with its sign. */

import { Bidi, type ChangeKind, Sign, Text } from '../../base';

/** Lines such as "+1 obs column `leiden` (14 categories)". */
export function ChangeLines({ lines, label }: { lines: readonly string[]; label?: string }) {
  return (
    <ul className="omicshelf-changes" aria-label={label}>
      {lines.map((line, i) => (
        <ChangeLine key={i} line={line} />
      ))}
    </ul>
  );
}

function ChangeLine({ line }: { line: string }) {
  const { kind, words } = signed(line);
  return (
    <li className="omicshelf-change">
      {kind ? <Sign kind={kind} /> : <span className="omicshelf-change-none" />}
      <span className="omicshelf-change-words">
        <Words text={words} />
      </span>
    </li>
  );
}

/** A line's sign, and the line without it; none where nothing changed. */
export function signed(line: string): { kind: ChangeKind | null; words: string } {
  const sign = /^([+\-\u2212~])\s?/.exec(line);
  if (sign) {
    const kind = sign[1] === '+' ? 'added' : sign[1] === '~' ? 'changed' : 'removed';
    return { kind, words: line.slice(sign[0].length) };
  }
  return { kind: /\bsame\b/.test(line) ? null : 'changed', words: line };
}

/** Words with names of the data between backticks. */
export function Words({ text }: { text: string }) {
  return (
    <>
      {text
        .split(/`([^`]*)`/)
        .map((piece, i) =>
          i % 2 ? (
            <Text key={i} as="code" text={piece} code wrap className="omicshelf-change-name" />
          ) : (
            <Bidi key={i} text={piece} />
          )
        )}
    </>
  );
}
