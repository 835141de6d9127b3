/** A small panel that floats beside what opened it. */

import { useCallback, useEffect, useRef, type ReactNode, type RefObject } from 'react';
import { classes } from './classes';
import { useFloating, type Anchor } from './floating';
import { focusedElement, useFocusInside, wrapTab } from './focus';

export interface IPopoverProps {
  /** What it belongs to. */
  anchor: Anchor;
  /** What it is, for people who do not see it. */
  label: string;
  /** It was left: Escape, a press elsewhere, or the focus gone elsewhere. */
  onClose: () => void;
  align?: 'start' | 'end';
  sameWidth?: boolean;
  /** What has the focus first; default: the first that can have it. */
  initialFocus?: RefObject<HTMLElement>;
  className?: string;
  children: ReactNode;
}

export function Popover(props: IPopoverProps) {
  const { anchor, label, onClose, align = 'start', sameWidth, initialFocus, className } = props;
  const panel = useRef<HTMLDivElement>(null);
  useFloating(panel, anchor, { align, sameWidth });
  useFocusInside(panel, initialFocus);
  useLeaving(panel, anchor, onClose);

  return (
    // Keys and presses in it are its own: the row that it was opened from is not pressed too.
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- it stops events
    <div
      ref={panel}
      role="dialog"
      aria-label={label}
      tabIndex={-1}
      className={classes('omicshelf-float omicshelf-popover', className)}
      onKeyDown={event => {
        event.stopPropagation();
        if (event.key === 'Escape') {
          event.preventDefault();
          onClose();
        } else {
          wrapTab(event, event.currentTarget);
        }
      }}
      {...STAYS_INSIDE}
    >
      {props.children}
    </div>
  );
}

const stop = (event: { stopPropagation(): void }) => event.stopPropagation();

/** Events of what floats that do not concern the row or button which it is a child of. */
export const STAYS_INSIDE = {
  onClick: stop,
  onDoubleClick: stop,
  onPointerDown: stop,
  onMouseDown: stop,
  onContextMenu: stop,
  onDragStart: stop
};

/** Call `onLeave` when a press or the focus goes elsewhere than the panel and its anchor. */
export function useLeaving(
  panel: RefObject<HTMLElement>,
  anchor: Anchor | null,
  onLeave: () => void
): void {
  const leave = useRef(onLeave);
  leave.current = onLeave;
  const inside = useCallback(
    (event: Event) => {
      const path = event.composedPath();
      return (
        (panel.current !== null && path.includes(panel.current)) ||
        (anchor instanceof Element && path.includes(anchor))
      );
    },
    [panel, anchor]
  );
  useEffect(() => {
    const owner = panel.current?.ownerDocument ?? document;
    const elsewhere = (event: Event) => {
      // What floats above the panel is its child in the document, so it is inside. A host that
      // gives the focus to what holds the panel has not left it: the press that follows counts.
      const held = event.target instanceof Node && event.target.contains(panel.current);
      if (!inside(event) && !(event.type === 'focusin' && held)) {
        leave.current();
      }
    };
    // A window that loses the focus keeps what is open.
    const blurred = () => {
      const focused = panel.current && focusedElement(panel.current);
      if (focused instanceof HTMLIFrameElement) {
        leave.current();
      }
    };
    owner.addEventListener('pointerdown', elsewhere, true);
    owner.addEventListener('focusin', elsewhere, true);
    owner.defaultView?.addEventListener('blur', blurred);
    return () => {
      owner.removeEventListener('pointerdown', elsewhere, true);
      owner.removeEventListener('focusin', elsewhere, true);
      owner.defaultView?.removeEventListener('blur', blurred);
    };
  }, [panel, inside]);
}
