/** The keys of a list: moving, unfolding, selecting, opening. */

import type { KeyboardEvent } from 'react';
import type { IListProps, ListChoice } from './List';
import type { IListFocus } from './listFocus';
import { NOTHING } from './selection';
import { useTypeahead } from './typeahead';

interface IListKeysOptions<T> extends IListProps<T> {
  keys: readonly string[];
  focus: IListFocus;
  choice: ListChoice;
  /** How many rows are seen at once. */
  pageOf: () => number;
}

export function useListKeys<T>(list: IListKeysOptions<T>): (event: KeyboardEvent) => void {
  const { items, focus, choice, typeahead } = list;
  const leap = useTypeahead(() => (typeahead ? items.map(typeahead) : []));
  return event => {
    const at = focus.index;
    const item = items[at];
    if (!items.length || event.defaultPrevented || isTyping(event.target)) {
      return;
    }
    const onRow = event.target instanceof Element && event.target.hasAttribute('data-index');
    if (onRow && list.onKey?.(event, item)) {
      event.preventDefault();
      return;
    }
    const to = moved(event, at, list);
    if (to !== null) {
      event.preventDefault();
      const target = Math.max(0, Math.min(items.length - 1, to));
      if (event.shiftKey && list.onSelect) {
        choice.extend(target);
      } else {
        choice.restart();
      }
      focus.go(target);
    } else if (onRow && (folded(event, at, list) || chosen(event, at, list))) {
      event.preventDefault();
    } else if (onRow && typeahead) {
      const found = leap(event, at);
      if (found !== null) {
        focus.go(found);
      }
    } else if (!onRow && event.key === 'ArrowLeft') {
      // From a button of the row back to the row.
      focus.go(at);
    }
  };
}

function isTyping(target: EventTarget): boolean {
  return (
    target instanceof Element && target.matches('input:not([type=checkbox]), textarea, select')
  );
}

/** The row that a key moves to. */
function moved<T>(event: KeyboardEvent, at: number, list: IListKeysOptions<T>): number | null {
  if (event.altKey || event.ctrlKey || event.metaKey) {
    return null;
  }
  switch (event.key) {
    case 'ArrowDown':
      return at + 1;
    case 'ArrowUp':
      return at - 1;
    case 'PageDown':
      return at + list.pageOf();
    case 'PageUp':
      return at - list.pageOf();
    case 'Home':
      return 0;
    case 'End':
      return list.items.length - 1;
    default:
      return null;
  }
}

/** Unfold and fold; from a leaf to what it hangs on. */
function folded<T>(event: KeyboardEvent, at: number, list: IListKeysOptions<T>): boolean {
  const { items, branch, onToggle, focus } = list;
  if (!branch || event.ctrlKey || event.metaKey || event.altKey || event.shiftKey) {
    return false;
  }
  const rtl = getComputedStyle(event.currentTarget).direction === 'rtl';
  const { level, open } = branch(items[at]);
  if (event.key === (rtl ? 'ArrowLeft' : 'ArrowRight')) {
    if (open === false) {
      onToggle?.(items[at], true);
    } else if (open && items[at + 1] && branch(items[at + 1]).level > level) {
      focus.go(at + 1);
    }
    return true;
  }
  if (event.key === (rtl ? 'ArrowRight' : 'ArrowLeft')) {
    if (open) {
      onToggle?.(items[at], false);
    } else {
      for (let above = at - 1; above >= 0; above -= 1) {
        if (branch(items[above]).level < level) {
          focus.go(above);
          break;
        }
      }
    }
    return true;
  }
  return false;
}

/** Open, select, select all, and let go of what is selected. */
function chosen<T>(event: KeyboardEvent, at: number, list: IListKeysOptions<T>): boolean {
  const { items, selection = NOTHING, onSelect, onActivate, onToggle, branch, choice } = list;
  const command = event.ctrlKey || event.metaKey;
  const plain = !command && !event.altKey;
  if (event.key === 'Enter' && plain && !event.shiftKey) {
    const open = branch?.(items[at]).open;
    if (open === undefined) {
      onActivate?.(items[at]);
    } else {
      onToggle?.(items[at], !open);
    }
  } else if (event.key === ' ' && plain) {
    if (!onSelect) {
      onActivate?.(items[at]);
    } else if (event.shiftKey) {
      choice.extend(at);
    } else {
      choice.toggle(at);
    }
  } else if (event.key.toLowerCase() === 'a' && command && onSelect) {
    choice.everything();
  } else if (event.key === 'Escape' && selection.size) {
    onSelect?.(NOTHING);
    event.stopPropagation();
  } else {
    return false;
  }
  return true;
}
