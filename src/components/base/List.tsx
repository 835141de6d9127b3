/** A list or a tree of any length: what is seen is drawn, and all of it is reached by keyboard. */

import { useVirtualizer, type Range } from '@tanstack/react-virtual';
import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  type DragEvent,
  type ReactNode,
  type Ref,
  useImperativeHandle
} from 'react';
import { classes } from './classes';
import type { Anchor } from './floating';
import { ListRow, type IRowState } from './ListRow';
import { useListFocus } from './listFocus';
import { useListKeys } from './listKeys';
import { between, NOTHING, toggled, type Selection } from './selection';
import { INITIAL_RECT, measuredHeight, observeShownRect, withFocused } from './virtual';

export type { IRowState } from './ListRow';

/** What can be done to a list from outside. */
export interface IListHandle {
  /** Bring the focus to a row, or to the one that had it last. */
  focus: (key?: string) => void;
  scrollTo: (key: string) => void;
}

export interface IListProps<T> {
  items: readonly T[];
  /** Names a row; of stable identity. */
  keyOf: (item: T) => string;
  label: string;
  /**
   * What it is: a `listbox` of rows without controls; a `grid` of rows that have some; a
   * `treegrid` of rows that unfold.
   */
  kind?: 'listbox' | 'grid' | 'treegrid';
  /** The height of a row, or what it will be about where it is measured; of stable identity. */
  rowHeight: (item: T, index: number) => number;
  /** Rows are as high as their content. */
  measured?: boolean;
  /** Give it a stable identity: rows are drawn anew when it changes. */
  renderRow: (item: T, state: IRowState) => ReactNode;
  rowClass?: (item: T) => string | null;
  /** Of a treegrid: how deep the row is (from 1), and whether it is open, if it can be. */
  branch?: (item: T) => { level: number; open?: boolean };
  onToggle?: (item: T, open: boolean) => void;
  /** The row whose thing is open elsewhere. */
  current?: string | null;
  /** The rows that are selected; without `onSelect` none can be. */
  selection?: Selection;
  onSelect?: (selection: Selection) => void;
  canSelect?: (item: T) => boolean;
  /** Enter, or a press. */
  onActivate?: (item: T) => void;
  /** Other keys on a row; true says that it was for the caller. */
  onKey?: (event: React.KeyboardEvent, item: T) => boolean;
  /** The menu of a row is asked for, at the pointer or at the row. */
  onMenu?: (item: T, anchor: Anchor) => void;
  /** Rows can be dragged; this says what they carry. */
  onDragStart?: (item: T, event: DragEvent) => void;
  /** The end comes near: there is more to load. */
  onNearEnd?: () => void;
  /** Rows come into sight: the first and the last of those that are seen. */
  onSeen?: (first: number, last: number) => void;
  /** As many there are, with those that are not loaded. */
  total?: number;
  /** Letters go to the row that begins with them. */
  typeahead?: (item: T) => string;
  handle?: Ref<IListHandle>;
  className?: string;
}

// As many rows before the end, more are asked for.
const NEAR_END = 30;

export function List<T>(props: IListProps<T>) {
  const { items, keyOf, kind = 'listbox', rowHeight, measured = false, branch } = props;
  const { selection = NOTHING, current = null, total = items.length } = props;
  const scroller = useRef<HTMLDivElement>(null);
  const keys = useMemo(() => items.map(keyOf), [items, keyOf]);
  const focus = useListFocus(scroller, keys, current);

  const virtualizer = useVirtualizer<HTMLDivElement, Element>({
    count: items.length,
    getScrollElement: () => scroller.current,
    estimateSize: index => rowHeight(items[index], index),
    // Its identity tells that the rows are others: then, and only then, all heights are added up.
    getItemKey: useCallback((index: number) => keys[index], [keys]),
    overscan: 6,
    initialRect: INITIAL_RECT,
    observeElementRect: observeShownRect,
    measureElement: measuredHeight,
    rangeExtractor: useCallback((range: Range) => withFocused(range, focus.index), [focus.index])
  });
  focus.scrollTo.current = index => virtualizer.scrollToIndex(index);
  useHeights(virtualizer, rowHeight, measured);

  const choice = useChoice(props, keys, focus);
  const keyed = useListKeys({ ...props, keys, focus, choice, pageOf: () => pageSize(virtualizer) });
  useHandle(props.handle, keys, focus, virtualizer);

  const rows = virtualizer.getVirtualItems();
  const last = rows[rows.length - 1]?.index ?? 0;
  const nearEnd = useRef(props.onNearEnd);
  nearEnd.current = props.onNearEnd;
  useEffect(() => {
    if (items.length && last >= items.length - NEAR_END && items.length < total) {
      nearEnd.current?.();
    }
  }, [last, items.length, total]);

  useSeen(virtualizer.range, items, props.onSeen);

  return (
    <div
      ref={scroller}
      className={classes('omicshelf-list', props.className)}
      role={kind}
      aria-label={props.label}
      aria-multiselectable={props.onSelect ? true : undefined}
      aria-rowcount={kind === 'listbox' ? undefined : total}
      onKeyDown={keyed}
    >
      <div
        role="presentation"
        className="omicshelf-list-rows"
        style={{ height: virtualizer.getTotalSize() }}
      >
        {rows.map(({ index, key, start, size }) => {
          const item = items[index];
          return (
            <ListRow<T>
              key={key}
              item={item}
              index={index}
              kind={kind}
              total={total}
              start={start}
              size={measured ? undefined : size}
              measure={measured ? virtualizer.measureElement : undefined}
              level={branch?.(item).level}
              open={branch?.(item).open}
              current={keys[index] === current}
              selected={selection.has(keys[index])}
              selectable={props.onSelect !== undefined}
              tabbable={index === focus.index}
              renderRow={props.renderRow}
              className={props.rowClass?.(item)}
              does={choice.rows}
            />
          );
        })}
      </div>
    </div>
  );
}

/** Where rows of all kinds become higher or lower at once, their heights are added up anew. */
function useHeights<T>(
  virtualizer: { measure: () => void },
  rowHeight: IListProps<T>['rowHeight'],
  measured: boolean
): void {
  const before = useRef(rowHeight);
  useEffect(() => {
    if (before.current !== rowHeight && !measured) {
      virtualizer.measure();
    }
    before.current = rowHeight;
  }, [virtualizer, rowHeight, measured]);
}

/** Say which rows are in sight, also where others stand there now. */
function useSeen(
  range: { startIndex: number; endIndex: number } | null,
  items: unknown,
  onSeen: ((first: number, last: number) => void) | undefined
): void {
  const { startIndex = -1, endIndex = -1 } = range ?? {};
  const latest = useRef(onSeen);
  latest.current = onSeen;
  useEffect(() => {
    if (startIndex >= 0) {
      latest.current?.(startIndex, endIndex);
    }
  }, [startIndex, endIndex, items]);
}

function pageSize(virtualizer: { range: { startIndex: number; endIndex: number } | null }): number {
  const range = virtualizer.range;
  return Math.max(1, range ? range.endIndex - range.startIndex - 1 : 10);
}

function useHandle(
  handle: Ref<IListHandle> | undefined,
  keys: readonly string[],
  focus: ReturnType<typeof useListFocus>,
  virtualizer: { scrollToIndex(index: number): void }
): void {
  useImperativeHandle(
    handle,
    () => ({
      focus: key => focus.go(key === undefined ? focus.index : keys.indexOf(key)),
      scrollTo: key => {
        const index = keys.indexOf(key);
        if (index >= 0) {
          virtualizer.scrollToIndex(index);
        }
      }
    }),
    [keys, focus, virtualizer]
  );
}

/** What a press on a row, or a key that selects, does. */
function useChoice<T>(
  props: IListProps<T>,
  keys: readonly string[],
  focus: ReturnType<typeof useListFocus>
) {
  const latest = useRef({ props, keys, focus });
  latest.current = { props, keys, focus };
  const anchor = useRef<string | null>(null);
  return useMemo(() => {
    const selectable = (index: number) => {
      const { items, canSelect } = latest.current.props;
      return canSelect?.(items[index]) ?? true;
    };
    const toggle = (index: number) => {
      const now = latest.current;
      anchor.current = now.keys[index];
      if (selectable(index)) {
        now.props.onSelect?.(toggled(now.props.selection ?? NOTHING, now.keys[index]));
      }
    };
    const extend = (index: number) => {
      const now = latest.current;
      anchor.current ??= now.keys[now.focus.index] ?? null;
      const from = anchor.current === null ? index : now.keys.indexOf(anchor.current);
      now.props.onSelect?.(between(now.keys, from < 0 ? index : from, index, selectable));
    };
    const everything = () => {
      const now = latest.current;
      now.props.onSelect?.(between(now.keys, 0, now.keys.length - 1, selectable));
    };
    const rows = {
      press(index: number, how: { shift: boolean; toggle: boolean }) {
        const now = latest.current;
        const item = now.props.items[index];
        if (now.props.onSelect && how.shift) {
          extend(index);
        } else if (now.props.onSelect && how.toggle) {
          toggle(index);
        } else {
          if (now.props.selection?.size) {
            now.props.onSelect?.(NOTHING);
          }
          const open = now.props.branch?.(item).open;
          anchor.current = now.keys[index];
          if (open === undefined) {
            now.props.onActivate?.(item);
          } else {
            now.props.onToggle?.(item, !open);
          }
        }
        now.focus.go(index);
      },
      menu(index: number, at: Anchor) {
        const now = latest.current;
        now.focus.go(index);
        now.props.onMenu?.(now.props.items[index], at);
      },
      focused(index: number) {
        latest.current.focus.noted(index);
      },
      drag(index: number, event: DragEvent) {
        const { items, onDragStart } = latest.current.props;
        onDragStart?.(items[index], event);
      },
      get draggable() {
        return latest.current.props.onDragStart !== undefined;
      },
      get hasMenu() {
        return latest.current.props.onMenu !== undefined;
      }
    };
    return { toggle, extend, everything, rows, restart: () => (anchor.current = null) };
  }, []);
}

export type ListChoice = ReturnType<typeof useChoice>;
