/** Bars: progress, shares, and small distributions. */

import { useState } from 'react';
import { Button } from './Button';
import { classes } from './classes';
import { count, share } from './format';
import { useWords } from './host';

export interface IProgressBarProps {
  label: string;
  /** From 0 to 1; null where nobody knows how much there is. */
  value: number | null;
  /** Of it, what has failed. */
  failed?: number;
  /** What stands beside: `312 / 480`. */
  text?: string;
  onCancel?: () => Promise<void> | void;
}

export function ProgressBar({ label, value, failed = 0, text, onCancel }: IProgressBarProps) {
  const t = useWords();
  const [cancelling, setCancelling] = useState(false);
  const percent = value === null ? undefined : Math.round(Math.min(1, Math.max(0, value)) * 100);
  const cancel = async () => {
    setCancelling(true);
    try {
      await onCancel?.();
    } finally {
      setCancelling(false);
    }
  };
  return (
    <div className="omicshelf-progress">
      <div
        role="progressbar"
        aria-label={label}
        aria-valuemin={0}
        aria-valuemax={100}
        aria-valuenow={percent}
        aria-valuetext={text}
        className={classes('omicshelf-bar', value === null && 'omicshelf-mod-unknown')}
      >
        <i style={percent === undefined ? undefined : { width: `${percent - failed * 100}%` }} />
        {failed > 0 && <i className="omicshelf-mod-error" style={{ width: `${failed * 100}%` }} />}
      </div>
      {text && <span className="omicshelf-number">{text}</span>}
      {onCancel && (
        <Button
          icon="close"
          size="small"
          label={t('Cancel')}
          busy={cancelling}
          onClick={() => void cancel()}
        />
      )}
    </div>
  );
}

/** A bar that shows a share; the number is beside it in words. */
export function Bar({ part, whole }: { part: number; whole: number }) {
  const width = whole > 0 ? Math.min(100, (part / whole) * 100) : 0;
  return (
    <span className="omicshelf-bar" aria-hidden="true">
      <i style={{ width: `${width}%` }} />
    </span>
  );
}

export interface ICategory {
  name: string;
  n: number;
  /** The file's own colour, where it has one. */
  color?: string;
}

// More pieces than these are thinner than a pixel, and are drawn as one.
const PIECES = 24;

/** How many are in each category: one bar of as many pieces, in the file's colours. */
export function CategoryBar({ categories }: { categories: readonly ICategory[] }) {
  const t = useWords();
  const whole = categories.reduce((sum, { n }) => sum + n, 0);
  const sorted = [...categories].sort((a, b) => b.n - a.n);
  const shown = sorted.slice(0, PIECES);
  const rest = sorted.slice(PIECES).reduce((sum, { n }) => sum + n, 0);
  const label = t.plural('{n} category', '{n} categories', categories.length, {
    n: count(categories.length)
  });
  return (
    <span className="omicshelf-stack" role="img" aria-label={label}>
      {shown.map(({ name, n, color }, i) => (
        <i
          key={name}
          title={`${name}: ${count(n)} (${share(n, whole)})`}
          style={{ flexGrow: n, background: safeColor(color) ?? stepped(i, shown.length) }}
        />
      ))}
      {rest > 0 && <i style={{ flexGrow: rest }} className="omicshelf-mod-rest" />}
    </span>
  );
}

/** A share's colour: from the brand's towards the pane's, the largest first. */
function stepped(i: number, n: number): string {
  const part = Math.round(100 - (i / Math.max(1, n)) * 75);
  return `color-mix(in srgb, var(--jp-brand-color1) ${part}%, var(--jp-layout-color2))`;
}

/** A colour of a file as a style may have it: hexadecimal, or a name; else none. */
export function safeColor(color: string | undefined): string | undefined {
  return color && /^(#[0-9a-f]{3,8}|[a-z]{3,30})$/i.test(color) ? color : undefined;
}

export interface IHistogramProps {
  /** How many are in each bin. */
  counts: readonly number[];
  /** What it says: "from 0.005 to 0.040, median 0.017". */
  label: string;
}

/** A small histogram. */
export function Histogram({ counts, label }: IHistogramProps) {
  const most = Math.max(1, ...counts);
  const width = 100 / Math.max(1, counts.length);
  return (
    <svg
      className="omicshelf-histogram"
      role="img"
      aria-label={label}
      viewBox="0 0 100 20"
      preserveAspectRatio="none"
    >
      <title>{label}</title>
      {counts.map((n, i) => {
        // What is not nothing is seen.
        const height = n > 0 ? Math.max(1, (n / most) * 20) : 0;
        return (
          <rect
            key={i}
            x={i * width + width * 0.08}
            y={20 - height}
            width={width * 0.84}
            height={height}
          />
        );
      })}
    </svg>
  );
}
