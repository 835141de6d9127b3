/** Go to the entry that begins with the letters typed. */

import { useRef, type KeyboardEvent } from 'react';

const FORGOTTEN_AFTER = 600;

/**
 * A function for `onKeyDown`: the index of the entry that the letters typed so far lead to, after
 * the one at `from`, or null where the key is no letter or nothing begins with them.
 */
export function useTypeahead(entries: () => readonly string[]) {
  const typed = useRef({ text: '', at: 0 });
  return (event: KeyboardEvent, from: number): number | null => {
    const { key } = event;
    if (key.length !== 1 || event.ctrlKey || event.metaKey || event.altKey) {
      return null;
    }
    const fresh = event.timeStamp - typed.current.at > FORGOTTEN_AFTER;
    const before = fresh ? '' : typed.current.text;
    if (key === ' ' && !before) {
      return null;
    }
    const text = before + key.toLocaleLowerCase();
    typed.current = { text, at: event.timeStamp };
    // The same letter again and again goes from one to the next that begins with it.
    const repeated = [...text].every(char => char === text[0]);
    return next(entries(), repeated ? text[0] : text, repeated ? from + 1 : Math.max(0, from));
  };
}

function next(entries: readonly string[], start: string, from: number): number | null {
  for (let i = 0; i < entries.length; i += 1) {
    const at = (from + i) % entries.length;
    if (entries[at].trim().toLocaleLowerCase().startsWith(start)) {
      return at;
    }
  }
  return null;
}
