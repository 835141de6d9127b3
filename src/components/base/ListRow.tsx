/** A row of a list. */

import { memo, useRef, type DragEvent, type MouseEvent, type ReactNode } from 'react';
import { classes } from './classes';
import type { Anchor } from './floating';

/** What a row is drawn with. */
export interface IRowState {
  index: number;
  selected: boolean;
  current: boolean;
  /** It is the one that the Tab key reaches: its actions are shown. */
  focused: boolean;
}

/** What rows tell the list. */
export interface IRowEvents {
  press: (index: number, how: { shift: boolean; toggle: boolean }) => void;
  menu: (index: number, at: Anchor) => void;
  focused: (index: number) => void;
  drag: (index: number, event: DragEvent) => void;
  readonly draggable: boolean;
  readonly hasMenu: boolean;
}

export interface IListRowProps<T> {
  item: T;
  index: number;
  kind: 'listbox' | 'grid' | 'treegrid';
  total: number;
  start: number;
  /** Its height; none where it is measured. */
  size?: number;
  measure?: (element: Element | null) => void;
  level?: number;
  open?: boolean;
  current: boolean;
  selected: boolean;
  selectable: boolean;
  tabbable: boolean;
  renderRow: (item: T, state: IRowState) => ReactNode;
  className?: string | null;
  does: IRowEvents;
}

function Row<T>(props: IListRowProps<T>) {
  const { item, index, kind, start, size, current, selected, tabbable, does } = props;
  const row = useRef<HTMLDivElement | null>(null);
  const content = props.renderRow(item, { index, selected, current, focused: tabbable });
  const pressed = (event: MouseEvent) => {
    if (!(event.target as Element).closest('button, a, input, select, textarea, label')) {
      does.press(index, { shift: event.shiftKey, toggle: event.ctrlKey || event.metaKey });
    }
  };
  return (
    // eslint-disable-next-line jsx-a11y/click-events-have-key-events, jsx-a11y/no-static-element-interactions -- it has a role, and the list has the keys
    <div
      ref={element => {
        row.current = element;
        props.measure?.(element);
      }}
      data-index={index}
      {...semantics(props)}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- see above
      tabIndex={tabbable ? 0 : -1}
      className={classes(
        'omicshelf-row',
        current && 'omicshelf-mod-current',
        selected && 'omicshelf-mod-selected',
        props.className
      )}
      style={{ height: size, transform: `translateY(${start}px)` }}
      draggable={does.draggable || undefined}
      onDragStart={event => does.drag(index, event)}
      onClick={pressed}
      // A press with Shift selects rows, and no text.
      onMouseDown={event => event.shiftKey && event.preventDefault()}
      onFocus={() => does.focused(index)}
      onContextMenu={event => {
        if (does.hasMenu) {
          event.preventDefault();
          does.menu(index, placeOf(event));
        }
      }}
    >
      {kind === 'listbox' ? (
        content
      ) : (
        <div role="gridcell" className="omicshelf-row-cell">
          {content}
        </div>
      )}
    </div>
  );
}

// `memo` forgets that the component is generic.
export const ListRow = memo(Row) as typeof Row;

function semantics<T>(props: IListRowProps<T>) {
  const { kind, index, total, level, open, current, selected, selectable } = props;
  const state = {
    'aria-selected': selectable ? selected : kind === 'listbox' ? current : undefined,
    'aria-current': current ? ('true' as const) : undefined
  };
  if (kind === 'listbox') {
    return { role: 'option', 'aria-posinset': index + 1, 'aria-setsize': total, ...state };
  }
  return {
    role: 'row',
    'aria-rowindex': index + 1,
    'aria-level': level,
    'aria-expanded': open,
    ...state
  };
}

/** Where the menu goes: to the pointer, or to the row where it was asked for by a key. */
function placeOf(event: MouseEvent): Anchor {
  return event.clientX || event.clientY
    ? { x: event.clientX, y: event.clientY }
    : event.currentTarget;
}
