/** Code in Python, as a person would write it. */

const WIDTH = 88;

/** A text as a Python string: nothing unseen stands in it as it is. */
export function quoted(text: string): string {
  return JSON.stringify(text).replace(/[^\x20-\x7e]/gu, char =>
    /[\p{L}\p{M}\p{N}\p{P}\p{S}]/u.test(char) ? char : escaped(char)
  );
}

function escaped(char: string): string {
  const code = char.codePointAt(0) ?? 0;
  return code > 0xffff
    ? `\\U${code.toString(16).padStart(8, '0')}`
    : `\\u${code.toString(16).padStart(4, '0')}`;
}

/** What is between the brackets of a list, in lines. */
export function wrapped(items: readonly string[], indent = '    '): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const last = lines[lines.length - 1];
    if (last !== undefined && last.length + item.length + 2 <= WIDTH) {
      lines[lines.length - 1] = `${last} ${item},`;
    } else {
      lines.push(`${indent}${item},`);
    }
  }
  return lines;
}

/** A call with its arguments: a line, or one for each of them where that is too long. */
export function call(before: string, words: readonly string[]): string {
  const line = `${before}(${words.join(', ')})`;
  return line.length <= WIDTH
    ? line
    : [`${before}(`, ...words.map(word => `    ${word},`), ')'].join('\n');
}
