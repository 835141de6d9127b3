/** Waiting: nothing for a moment, then a bar and rows to come, with Cancel. */

import { useEffect, useState, type ReactNode } from 'react';
import { Button } from './Button';
import { classes } from './classes';
import { useWords } from './host';

// What is there sooner needs no sign that it is on its way.
const SHOWN_AFTER = 300;

/** Whether something has been going on for longer than a moment. */
export function useSlow(going: boolean, after = SHOWN_AFTER): boolean {
  const [slow, setSlow] = useState(false);
  useEffect(() => {
    setSlow(false);
    if (!going) {
      return undefined;
    }
    const timer = setTimeout(() => setSlow(true), after);
    return () => clearTimeout(timer);
  }, [going, after]);
  return going && slow;
}

export interface IWaitingProps {
  /** What is waited for: "Reading the columns". */
  label: string;
  onCancel?: () => void;
  /** How much of it is there, from 0 to 1, where that is known. */
  value?: number | null;
  /** The shape of what will come: {@link Skeleton}. */
  children?: ReactNode;
  className?: string;
}

export function Waiting({ label, onCancel, value = null, children, className }: IWaitingProps) {
  const t = useWords();
  const slow = useSlow(true);
  // Its place is taken from the start, so that nothing jumps when it shows.
  return (
    <div className={classes('omicshelf-waiting', className)} aria-busy="true">
      {slow && (
        <>
          <ThinBar label={label} value={value} />
          <div className="omicshelf-waiting-line">
            <span className="omicshelf-waiting-label">{label}</span>
            {onCancel && (
              <Button look="bordered" size="small" onClick={onCancel}>
                {t('Cancel')}
              </Button>
            )}
          </div>
          {children}
        </>
      )}
    </div>
  );
}

/** The 2-pixel bar at the top of what is being refreshed. */
export function ThinBar({ label, value = null }: { label: string; value?: number | null }) {
  return (
    <div
      role="progressbar"
      aria-label={label}
      aria-valuemin={0}
      aria-valuemax={100}
      aria-valuenow={value === null ? undefined : Math.round(value * 100)}
      className={classes('omicshelf-thinbar', value === null && 'omicshelf-mod-unknown')}
    >
      <i style={value === null ? undefined : { width: `${value * 100}%` }} />
    </div>
  );
}

export interface ISkeletonProps {
  rows?: number;
  /** The height of a row: that of what will come. */
  height?: number;
  /** Rows of two lines with an icon, as in the list; or of one line. */
  lines?: 1 | 2;
}

/** Rows that are to come. */
export function Skeleton({ rows = 6, height = 43, lines = 2 }: ISkeletonProps) {
  return (
    <div className="omicshelf-skeleton" aria-hidden="true">
      {Array.from({ length: rows }, (_, i) => (
        <div key={i} className="omicshelf-skeleton-row" style={{ height }}>
          {lines === 2 && <i className="omicshelf-skeleton-icon" />}
          <div className="omicshelf-skeleton-lines">
            {/* Of differing lengths, as words are; the same at every drawing. */}
            <i style={{ width: `${50 + ((i * 37) % 40)}%` }} />
            {lines === 2 && <i style={{ width: `${36 + ((i * 23) % 24)}%` }} />}
          </div>
        </div>
      ))}
    </div>
  );
}
