/** Which row of a list has the focus, or would have it: one, also while rows come and go. */

import {
  useCallback,
  useLayoutEffect,
  useMemo,
  useRef,
  useState,
  type MutableRefObject,
  type RefObject
} from 'react';
import { focusedElement } from './focus';

export interface IListFocus {
  /** The row that the Tab key reaches. */
  readonly index: number;
  /** Bring the focus to a row. */
  go: (index: number) => void;
  /** A row has it. */
  noted: (index: number) => void;
  /** How the list is scrolled to a row; the list says it. */
  readonly scrollTo: MutableRefObject<(index: number) => void>;
}

export function useListFocus(
  scroller: RefObject<HTMLElement>,
  keys: readonly string[],
  current: string | null
): IListFocus {
  const [focused, setFocused] = useState<{ key: string; index: number } | null>(null);
  // Where it was last: what is above it may have gone or come since it was focused.
  const place = useRef(0);
  const index = indexOf(keys, focused, current, place.current);
  place.current = index;
  const wanted = useRef<number | null>(null);
  const held = useHeld(scroller);
  const scrollTo = useRef<(index: number) => void>(() => undefined);
  const latest = useRef(keys);
  latest.current = keys;

  const noted = useCallback((at: number) => {
    const key = latest.current[at];
    setFocused(before =>
      before?.key === key && before.index === at ? before : { key, index: at }
    );
  }, []);
  const go = useCallback(
    (to: number) => {
      if (to < 0 || to >= latest.current.length) {
        return;
      }
      scrollTo.current(to);
      const row = rowAt(scroller.current, to);
      if (row) {
        row.focus({ preventScroll: true });
      } else {
        // It is drawn because it is the focused one, and takes the focus then.
        wanted.current = to;
      }
      noted(to);
    },
    [noted, scroller]
  );

  useLayoutEffect(() => {
    const element = scroller.current;
    if (!element) {
      return;
    }
    const lost = held.current && focusedElement(element) === element.ownerDocument.body;
    const row = rowAt(element, wanted.current ?? (lost ? index : -1));
    if (row) {
      wanted.current = null;
      row.focus({ preventScroll: true });
    }
  });

  return useMemo(() => ({ index, go, noted, scrollTo }), [index, go, noted]);
}

/** The row that is focused: by its key; where it is gone, the one that has taken its place. */
function indexOf(
  keys: readonly string[],
  focused: { key: string; index: number } | null,
  current: string | null,
  place: number
): number {
  if (focused) {
    if (keys[focused.index] === focused.key) {
      return focused.index;
    }
    const found = keys.indexOf(focused.key);
    return found >= 0 ? found : Math.min(place, keys.length - 1);
  }
  const found = current === null ? -1 : keys.indexOf(current);
  return found >= 0 ? found : 0;
}

/** Whether the list had the focus when its row was taken out: then the next one gets it. */
function useHeld(scroller: RefObject<HTMLElement>): RefObject<boolean> {
  const held = useRef(false);
  useLayoutEffect(() => {
    const element = scroller.current;
    const took = () => {
      held.current = true;
    };
    const left = (event: FocusEvent) => {
      // A row that was removed has not been left by anybody.
      if (event.target instanceof Node && event.target.isConnected) {
        held.current = false;
      }
    };
    element?.addEventListener('focusin', took);
    element?.addEventListener('focusout', left);
    return () => {
      element?.removeEventListener('focusin', took);
      element?.removeEventListener('focusout', left);
    };
  }, [scroller]);
  return held;
}

function rowAt(element: HTMLElement | null, index: number): HTMLElement | null {
  return element?.querySelector<HTMLElement>(`[data-index="${index}"]`) ?? null;
}
