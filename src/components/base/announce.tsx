/** Tell people who listen instead of looking what has changed: one live region for a surface. */

import {
  createContext,
  useCallback,
  useContext,
  useEffect,
  useRef,
  useState,
  type ReactNode
} from 'react';

/** Say a text; `urgent` interrupts what is being said. */
export type Announce = (text: string, urgent?: boolean) => void;

const AnnounceContext = createContext<Announce>(() => undefined);

// Counts change with every key; only the last of a quick series is worth hearing.
const SETTLED_AFTER = 250;

export function Announcer({ children }: { children: ReactNode }) {
  const [polite, setPolite] = useState('');
  const [urgent, setUrgent] = useState('');
  const timer = useRef<ReturnType<typeof setTimeout>>();
  useEffect(() => () => clearTimeout(timer.current), []);

  const announce = useCallback<Announce>((text, isUrgent = false) => {
    if (isUrgent) {
      setUrgent(before => distinct(text, before));
      return;
    }
    clearTimeout(timer.current);
    timer.current = setTimeout(() => setPolite(before => distinct(text, before)), SETTLED_AFTER);
  }, []);

  return (
    <AnnounceContext.Provider value={announce}>
      {children}
      <div className="omicshelf-unseen" aria-live="polite" aria-atomic="true">
        {polite}
      </div>
      <div className="omicshelf-unseen" aria-live="assertive" aria-atomic="true">
        {urgent}
      </div>
    </AnnounceContext.Provider>
  );
}

/** A function that says a text through the surface's live region. */
export function useAnnounce(): Announce {
  return useContext(AnnounceContext);
}

// A region that is given the same text again says nothing: a space that is not seen differs.
function distinct(text: string, before: string): string {
  return text === before ? `${text}\u00a0` : text;
}
