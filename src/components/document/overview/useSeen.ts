/** Whether an element has come into view: what is never looked at is never asked for. */

import { useEffect, useRef, useState, type RefObject } from 'react';

export function useSeen<E extends Element>(): readonly [RefObject<E>, boolean] {
  const place = useRef<E>(null);
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    const element = place.current;
    if (!element || seen) {
      return undefined;
    }
    if (typeof IntersectionObserver === 'undefined') {
      setSeen(true);
      return undefined;
    }
    const observer = new IntersectionObserver(entries => {
      if (entries.some(entry => entry.isIntersecting)) {
        setSeen(true);
      }
    });
    observer.observe(element);
    return () => observer.disconnect();
  }, [seen]);
  return [place, seen];
}
