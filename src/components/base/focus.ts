/** Where the focus is, can go, and came from. */

import { useLayoutEffect, useRef, type RefObject } from 'react';

const FOCUSABLE = [
  'a[href]',
  'button:not(:disabled)',
  'input:not(:disabled)',
  'select:not(:disabled)',
  'textarea:not(:disabled)',
  'summary',
  '[tabindex]'
].join(',');

/** The elements in a container that the Tab key reaches, in order. */
export function tabbable(container: Element): HTMLElement[] {
  return [...container.querySelectorAll<HTMLElement>(FOCUSABLE)].filter(
    element => element.tabIndex >= 0 && !element.closest('[hidden], [inert]')
  );
}

/** The element that has the focus, in the document or the shadow tree of `near`. */
export function focusedElement(near: Node): Element | null {
  const root = near.getRootNode();
  return root instanceof Document || root instanceof ShadowRoot ? root.activeElement : null;
}

/** Marks what has the focus first in a dialog or popover; `autofocus` works on a page only. */
export const FIRST = 'data-omicshelf-first';

/** Show an element, and give the function that hides it. */
export type Show = (element: HTMLElement) => () => void;

/**
 * Take the focus into an element while it is there, and give it back to where it came from.
 *
 * It goes to `first` (an element, or a selector), else to what is marked as such, else to the first
 * element that can have it, else to the element itself. `show` makes it visible before.
 */
export function useFocusInside(
  container: RefObject<HTMLElement>,
  first?: RefObject<HTMLElement> | string,
  show?: Show
): void {
  const options = useRef({ first, show });
  useLayoutEffect(() => {
    const element = container.current;
    if (!element) {
      return undefined;
    }
    const before = focusedElement(element);
    const hide = options.current.show?.(element);
    start(element, options.current.first).focus({ preventScroll: true });
    return () => {
      const now = focusedElement(element);
      const ours = element.contains(now) || now === element.ownerDocument.body || now === null;
      hide?.();
      if (ours && before instanceof HTMLElement && before.isConnected) {
        before.focus({ preventScroll: true });
      }
    };
  }, [container]);
}

function start(element: HTMLElement, first?: RefObject<HTMLElement> | string): HTMLElement {
  const selector = typeof first === 'string' ? first : `[${FIRST}]`;
  return (
    (typeof first === 'object' ? first.current : null) ??
    element.querySelector<HTMLElement>(selector) ??
    tabbable(element)[0] ??
    element
  );
}

/** Keep the Tab key inside a container: from the last element it goes to the first. */
export function wrapTab(
  event: { key: string; shiftKey: boolean; preventDefault(): void },
  container: Element
): void {
  if (event.key !== 'Tab') {
    return;
  }
  const all = tabbable(container);
  const focused = focusedElement(container);
  const edge = event.shiftKey ? all[0] : all[all.length - 1];
  if (!all.length) {
    event.preventDefault();
  } else if (focused === edge || focused === container) {
    event.preventDefault();
    all[event.shiftKey ? all.length - 1 : 0].focus();
  }
}
