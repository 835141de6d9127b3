/** Characters that are not seen, or that turn what stands around them, made visible. */

// C0 and C1 controls; soft hyphen, zero-width characters and joiners outside of a word, marks of
// direction, embeddings, overrides and isolates; line and paragraph separators; tags and the BOM.
// The joiners U+200C and U+200D stay: Persian, Indic scripts and emoji are written with them.
const UNSEEN =
  // eslint-disable-next-line no-control-regex -- control characters are what is looked for
  /[\u0000-\u001f\u007f-\u009f\u00ad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb\u{e0000}-\u{e007f}]/gu;

/** The text with control and direction characters replaced by symbols that are seen. */
export function visible(text: string): string {
  return text.replace(UNSEEN, symbol);
}

/** The same for a text of several lines: its line ends and tabs are what they are. */
export function visibleLines(text: string): string {
  return text
    .replaceAll('\r\n', '\n')
    .replace(UNSEEN, char => (char === '\n' || char === '\t' ? char : symbol(char)));
}

// Not the pictures that Unicode has for some of them: few fonts do.
function symbol(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return `‹U+${code.toString(16).toUpperCase().padStart(4, '0')}›`;
}
