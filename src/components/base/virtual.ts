/** Which rows and columns are drawn: those that are seen, and the one that has the focus. */

import {
  defaultRangeExtractor,
  observeElementRect,
  type Range,
  type Rect,
  type Virtualizer
} from '@tanstack/react-virtual';

/** Before the size of the window is known, and where it never is: as many rows are drawn. */
export const INITIAL_RECT: Rect = { width: 320, height: 720 };

/** A panel that is hidden keeps the size that it had, so that it shows its rows at once again. */
export function observeShownRect<E extends Element>(
  virtualizer: Virtualizer<E, Element>,
  found: (rect: Rect) => void
): void | (() => void) {
  return observeElementRect(virtualizer, rect => {
    if (rect.width > 0 && rect.height > 0) {
      found(rect);
    }
  });
}

/** The rows of a range, and the focused one wherever it is: what has the focus must stay. */
export function withFocused(range: Range, focused: number): number[] {
  const indices = defaultRangeExtractor(range);
  if (focused < 0 || focused >= range.count || indices.includes(focused)) {
    return indices;
  }
  return focused < (indices[0] ?? 0) ? [focused, ...indices] : [...indices, focused];
}

/** The height of a row as it is drawn; what is not drawn yet has the height that was foreseen. */
export function measuredHeight<E extends Element>(
  element: Element,
  entry: ResizeObserverEntry | undefined,
  virtualizer: Virtualizer<E, Element>
): number {
  const drawn = entry?.borderBoxSize?.[0]?.blockSize ?? (element as HTMLElement).offsetHeight;
  const index = Number(element.getAttribute('data-index'));
  return Math.round(drawn) || virtualizer.options.estimateSize(index);
}
