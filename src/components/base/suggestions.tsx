/** The list under a field from which one is chosen, and the keys of the field that move in it. */

import { useEffect, useRef, useState, type KeyboardEvent, type ReactNode } from 'react';
import { classes } from './classes';
import type { IOption } from './choices';
import { useFloating } from './floating';
import { useWords } from './host';
import { Icon } from './icons';
import { STAYS_INSIDE, useLeaving } from './Popover';
import { Text } from './text';

// A list of thousands is not read: whoever wants what is not in it types on.
const SHOWN_AT_MOST = 100;

/** The options that contain all words of a text; those that begin with it first. */
export function matching(options: readonly IOption[], text: string): readonly IOption[] {
  const words = text.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  if (!words.length) {
    return options;
  }
  const found = options.filter(option => {
    const all = `${option.label} ${option.value} ${option.hint ?? ''}`.toLocaleLowerCase();
    return words.every(word => all.includes(word));
  });
  const begins = (option: IOption) => option.label.toLocaleLowerCase().startsWith(words[0]);
  return [...found.filter(begins), ...found.filter(option => !begins(option))];
}

export interface ISuggestions {
  open: boolean;
  active: number;
  setOpen: (open: boolean) => void;
  setActive: (index: number) => void;
  /** For `onKeyDown` of the field; true where the key was used. */
  keyed: (event: KeyboardEvent) => boolean;
}

/** What a field with a list knows: whether it is open, and which option is marked. */
export function useSuggestions(
  n: number,
  choose: (index: number) => void,
  { first = -1 }: { first?: number } = {}
): ISuggestions {
  const [open, setOpen] = useState(false);
  const [active, setActive] = useState(first);
  const shown = Math.min(n, SHOWN_AT_MOST);
  const show = (index: number) => {
    setOpen(true);
    setActive(index);
  };
  const keyed = (event: KeyboardEvent): boolean => {
    switch (event.key) {
      case 'ArrowDown':
        show(!open ? Math.max(0, active) : active + 1 < shown ? active + 1 : 0);
        break;
      case 'ArrowUp':
        show(!open ? Math.max(0, active) : active > 0 ? active - 1 : shown - 1);
        break;
      case 'Enter':
        if (!open || active < 0 || active >= shown) {
          return false;
        }
        choose(active);
        break;
      case 'Escape':
        if (!open) {
          return false;
        }
        setOpen(false);
        break;
      default:
        return false;
    }
    event.preventDefault();
    event.stopPropagation();
    return true;
  };
  return { open: open && n > 0, active: active < shown ? active : -1, setOpen, setActive, keyed };
}

export interface ISuggestionListProps {
  id: string;
  label: string;
  anchor: HTMLElement;
  options: readonly IOption[];
  state: ISuggestions;
  selected?: readonly string[];
  words?: readonly string[];
  footer?: ReactNode;
  onChoose: (index: number) => void;
}

export function SuggestionList(props: ISuggestionListProps) {
  const t = useWords();
  const { id, anchor, options, state, selected = [], words } = props;
  const panel = useRef<HTMLDivElement>(null);
  const { active } = state;
  useFloating(panel, anchor, { sameWidth: true });
  useLeaving(panel, anchor, () => state.setOpen(false));
  useEffect(() => {
    const marked = panel.current?.querySelector('[data-active]');
    marked?.scrollIntoView?.({ block: 'nearest' });
  }, [active]);
  const more = options.length - SHOWN_AT_MOST;
  return (
    // eslint-disable-next-line jsx-a11y/no-static-element-interactions -- it stops events
    <div
      ref={panel}
      className="omicshelf-float omicshelf-suggestions"
      {...STAYS_INSIDE}
      // The field keeps the focus.
      onMouseDown={event => event.preventDefault()}
    >
      <ul id={id} role="listbox" aria-label={props.label}>
        {options.slice(0, SHOWN_AT_MOST).map((option, i) => (
          // eslint-disable-next-line jsx-a11y/click-events-have-key-events -- the field has the keys
          <li
            key={option.value}
            id={`${id}-${i}`}
            role="option"
            aria-selected={selected.includes(option.value)}
            data-active={i === active || undefined}
            className={classes('omicshelf-option', i === active && 'omicshelf-mod-active')}
            onClick={() => props.onChoose(i)}
            onPointerMove={() => i !== active && state.setActive(i)}
          >
            {option.icon && <Icon name={option.icon} />}
            <Text text={option.label} words={words} />
            {option.hint && <span className="omicshelf-option-hint">{option.hint}</span>}
            {selected.includes(option.value) && <Icon name="check" />}
          </li>
        ))}
      </ul>
      {more > 0 && (
        <div className="omicshelf-suggestions-more">
          {t('{n} more: type to narrow them down', { n: more })}
        </div>
      )}
      {props.footer}
    </div>
  );
}
