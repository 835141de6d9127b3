/** Menus: of a button, of a row (at the pointer), of a split button. */

import { useRef, useState, type KeyboardEvent } from 'react';
import { Button, type IButtonProps } from './Button';
import { classes } from './classes';
import { useFloating, type Anchor } from './floating';
import { useFocusInside } from './focus';
import { Icon, type IconName } from './icons';
import { STAYS_INSIDE, useLeaving } from './Popover';
import { useTypeahead } from './typeahead';

export interface IMenuAction {
  label: string;
  onSelect: () => void;
  icon?: IconName;
  /** The keys that do the same: `Ctrl Enter`. */
  keys?: string;
  /** Of a choice in the menu: whether it is on. */
  checked?: boolean;
  destructive?: boolean;
}

/** What is in a menu, in order; false is left out, so that what cannot be done is absent. */
export type MenuItem = IMenuAction | 'separator' | false | null | undefined;

export interface IMenuProps {
  anchor: Anchor;
  label: string;
  items: readonly MenuItem[];
  onClose: () => void;
  align?: 'start' | 'end';
}

export function Menu({ anchor, label, items, onClose, align }: IMenuProps) {
  const list = useRef<HTMLUListElement>(null);
  const shown = tidied(items);
  useFloating(list, anchor, { align });
  useLeaving(list, anchor, onClose);
  useFocusInside(list, '[role^=menuitem]');
  const buttons = () => [
    ...(list.current?.querySelectorAll<HTMLElement>('[role^=menuitem]') ?? [])
  ];
  const typeahead = useTypeahead(() => buttons().map(item => item.textContent ?? ''));

  const keyed = (event: KeyboardEvent) => {
    event.stopPropagation();
    const all = buttons();
    const at = all.findIndex(item => item === event.target);
    const to = target(event.key, at, all.length) ?? typeahead(event, at);
    if (event.key === 'Escape' || event.key === 'Tab') {
      event.preventDefault();
      onClose();
    } else if (to !== null) {
      event.preventDefault();
      all[to]?.focus();
    }
  };

  return (
    <ul
      ref={list}
      role="menu"
      aria-label={label}
      tabIndex={-1}
      className="omicshelf-float omicshelf-menu"
      onKeyDown={keyed}
      {...STAYS_INSIDE}
      onContextMenu={event => event.preventDefault()}
    >
      {shown.map((item, i) =>
        item === 'separator' ? (
          <li key={i} role="separator" className="omicshelf-menu-separator" />
        ) : (
          <Item key={i} item={item} onClose={onClose} />
        )
      )}
    </ul>
  );
}

function Item({ item, onClose }: { item: IMenuAction; onClose: () => void }) {
  const choice = item.checked !== undefined;
  const select = () => {
    // Closed first, so that the focus is back where it was when the action asks for it.
    onClose();
    item.onSelect();
  };
  return (
    <li role="none">
      <button
        type="button"
        role={choice ? 'menuitemcheckbox' : 'menuitem'}
        aria-checked={item.checked}
        tabIndex={-1}
        className={classes('omicshelf-menu-item', item.destructive && 'omicshelf-mod-destructive')}
        onClick={select}
        onPointerMove={event => event.currentTarget.focus({ preventScroll: true })}
      >
        <span className="omicshelf-menu-icon">
          {choice ? item.checked && <Icon name="check" /> : item.icon && <Icon name={item.icon} />}
        </span>
        <span className="omicshelf-menu-label">{item.label}</span>
        {item.keys && <kbd className="omicshelf-menu-keys">{item.keys}</kbd>}
      </button>
    </li>
  );
}

function target(key: string, at: number, length: number): number | null {
  switch (key) {
    case 'ArrowDown':
      return at + 1 < length ? at + 1 : 0;
    case 'ArrowUp':
      return at > 0 ? at - 1 : length - 1;
    case 'Home':
      return 0;
    case 'End':
      return length - 1;
    default:
      return null;
  }
}

/** Leave out what is absent, and separators at an end or beside another. */
function tidied(items: readonly MenuItem[]): (IMenuAction | 'separator')[] {
  const present = items.filter(item => !!item);
  return present.filter(
    (item, i) =>
      item !== 'separator' ||
      (i > 0 && present[i - 1] !== 'separator' && present.slice(i).some(x => x !== 'separator'))
  );
}

export interface IMenuButtonProps extends Omit<IButtonProps, 'onClick' | 'popup' | 'expanded'> {
  items: readonly MenuItem[] | (() => readonly MenuItem[]);
  menuLabel: string;
  align?: 'start' | 'end';
}

/** A button that opens a menu. */
export function MenuButton({ items, menuLabel, align, ...button }: IMenuButtonProps) {
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <Button
        {...button}
        popup="menu"
        expanded={anchor !== null}
        onClick={event => setAnchor(anchor ? null : event.currentTarget)}
      />
      {anchor && (
        <Menu
          anchor={anchor}
          label={menuLabel}
          align={align}
          items={typeof items === 'function' ? items() : items}
          onClose={() => setAnchor(null)}
        />
      )}
    </>
  );
}

export interface ISplitButtonProps extends IButtonProps {
  items: readonly MenuItem[] | (() => readonly MenuItem[]);
  menuLabel: string;
}

/** A button with the other ways of doing the same in a menu beside it. */
export function SplitButton({ items, menuLabel, ...button }: ISplitButtonProps) {
  return (
    <span className="omicshelf-split">
      <Button {...button} />
      <MenuButton
        look={button.look}
        size={button.size}
        disabled={button.disabled}
        icon="down"
        label={menuLabel}
        menuLabel={menuLabel}
        items={items}
        align="end"
      />
    </span>
  );
}
