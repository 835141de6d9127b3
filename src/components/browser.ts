/** What every browser can do for a host: remember small things, and copy text. */

import type { IMemory } from './host';

/** Remembers in the browser, below a name that nobody else uses. */
export class StoredMemory implements IMemory {
  constructor(private readonly _prefix = 'omicshelf/') {}

  get<T>(key: string): T | undefined {
    try {
      const found = localStorage.getItem(this._prefix + key);
      return found === null ? undefined : (JSON.parse(found) as T);
    } catch {
      return undefined; // switched off, or of another release
    }
  }

  set(key: string, value: unknown): void {
    try {
      localStorage.setItem(this._prefix + key, JSON.stringify(value));
    } catch {
      // Full or switched off: then it is forgotten.
    }
  }
}

/** Put text on the clipboard, also on a page that came without encryption. */
export async function copyText(text: string): Promise<void> {
  if (navigator.clipboard) {
    await navigator.clipboard.writeText(text);
    return;
  }
  const field = document.createElement('textarea');
  field.value = text;
  field.style.position = 'fixed';
  field.style.opacity = '0';
  document.body.append(field);
  const before = document.activeElement;
  field.select();
  const done = document.execCommand('copy');
  field.remove();
  if (before instanceof HTMLElement) {
    before.focus();
  }
  if (!done) {
    throw new Error('The browser did not copy the text.');
  }
}
