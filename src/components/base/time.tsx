/** Times that grow older while they are looked at. */

import { useSyncExternalStore } from 'react';
import { age, ago, utc } from './format';
import { useWords } from './host';

export interface ITimeProps {
  /** UTC in milliseconds since 1970. */
  time: number;
  className?: string;
}

/** How old it is, for a list: `2 h`; the full time is its tooltip. */
export function Age({ time, className }: ITimeProps) {
  const t = useWords();
  const now = useNow();
  return (
    <time className={className} dateTime={iso(time)} title={utc(time)}>
      {age(t, time, now)}
    </time>
  );
}

/** How old it is, for a sentence: "2 hours ago"; the full time is its tooltip. */
export function Ago({ time, className }: ITimeProps) {
  const now = useNow();
  return (
    <time className={className} dateTime={iso(time)} title={utc(time)}>
      {ago(time, now)}
    </time>
  );
}

function iso(time: number): string | undefined {
  const moment = new Date(time);
  return Number.isNaN(moment.getTime()) ? undefined : moment.toISOString();
}

/** The time now, anew each half minute while the page is seen. */
export function useNow(): number {
  return useSyncExternalStore(subscribe, () => now);
}

// One clock for all ages that are shown: a list has a hundred of them.
const HALF_MINUTE = 30_000;
let now = Date.now();
let timer: ReturnType<typeof setInterval> | undefined;
const listeners = new Set<() => void>();

function tick(): void {
  if (!document.hidden) {
    now = Date.now();
    listeners.forEach(listener => listener());
  }
}

function subscribe(listener: () => void): () => void {
  if (!listeners.size) {
    now = Date.now();
    timer = setInterval(tick, HALF_MINUTE);
    document.addEventListener('visibilitychange', tick);
  }
  listeners.add(listener);
  return () => {
    listeners.delete(listener);
    if (!listeners.size) {
      clearInterval(timer);
      document.removeEventListener('visibilitychange', tick);
    }
  };
}
