/** Tooltips: one for a surface, which follows what is under the pointer or has the focus. */

import { useEffect, useRef, useState } from 'react';
import { useFloating } from './floating';

const ATTRIBUTE = 'data-omicshelf-tip';
const SHOWN_AFTER = 500;

/** The attributes that give an element a tooltip. Its accessible name is not this. */
export function tip(text: string | null | undefined): Record<string, string> {
  return text ? { [ATTRIBUTE]: text } : {};
}

interface ITip {
  target: Element;
  text: string;
}

/** Shows the tooltips of all elements in its parent; every surface has one. */
export function TooltipLayer() {
  const place = useRef<HTMLSpanElement>(null);
  const [shown, setShown] = useState<ITip | null>(null);

  useEffect(() => {
    const parent = place.current?.parentElement;
    return parent ? watch(parent, setShown) : undefined;
  }, []);

  return (
    <>
      <span ref={place} hidden />
      {shown && <Bubble key={shown.text} tip={shown} />}
    </>
  );
}

function Bubble({ tip: { target, text } }: { tip: ITip }) {
  const bubble = useRef<HTMLDivElement>(null);
  useFloating(bubble, target, { gap: 4, align: 'middle' });
  return (
    <div ref={bubble} className="omicshelf-float omicshelf-tooltip" role="tooltip">
      {text}
    </div>
  );
}

function watch(parent: Element, show: (tip: ITip | null) => void): () => void {
  let current: Element | null = null;
  let timer: ReturnType<typeof setTimeout> | undefined;

  const hide = () => {
    clearTimeout(timer);
    current = null;
    show(null);
  };
  const over = (event: Event, delay: number) => {
    const target = event.target instanceof Element ? event.target : null;
    if (target?.closest('.omicshelf-tooltip')) {
      return;
    }
    const owner = target?.closest(`[${ATTRIBUTE}]`) ?? null;
    if (owner === current) {
      return;
    }
    hide();
    current = owner;
    if (owner) {
      timer = setTimeout(() => {
        if (owner.isConnected) {
          show({ target: owner, text: owner.getAttribute(ATTRIBUTE) ?? '' });
        }
      }, delay);
    }
  };
  const pointed = (event: Event) => over(event, SHOWN_AFTER);
  const focused = (event: Event) => {
    // Only a focus that came by keyboard: after a click the pointer is there anyway.
    if (event.target instanceof Element && matchesFocusVisible(event.target)) {
      over(event, SHOWN_AFTER);
    }
  };
  // Sent away, it does not come back before the pointer or the focus has been elsewhere.
  const dismiss = () => {
    clearTimeout(timer);
    show(null);
  };
  const keyed = (event: Event) => {
    if ((event as KeyboardEvent).key === 'Escape') {
      dismiss();
    }
  };

  parent.addEventListener('pointerover', pointed);
  parent.addEventListener('pointerleave', hide);
  parent.addEventListener('focusin', focused);
  parent.addEventListener('focusout', hide);
  parent.addEventListener('pointerdown', dismiss);
  parent.ownerDocument.addEventListener('keydown', keyed, true);
  return () => {
    clearTimeout(timer);
    parent.removeEventListener('pointerover', pointed);
    parent.removeEventListener('pointerleave', hide);
    parent.removeEventListener('focusin', focused);
    parent.removeEventListener('focusout', hide);
    parent.removeEventListener('pointerdown', dismiss);
    parent.ownerDocument.removeEventListener('keydown', keyed, true);
  };
}

function matchesFocusVisible(element: Element): boolean {
  try {
    return element.matches(':focus-visible');
  } catch {
    return true;
  }
}
