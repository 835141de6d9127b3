/**
 * Numbers, sizes and times as they are read.
 *
 * `locale` is the reader's own where it is left out. Times are UTC in milliseconds since 1970.
 */

import type { Translate } from '../words';

// Between a number and its unit: it never breaks over two lines.
const TIED = '\u00a0';
const MINUS = '\u2212';

const MILLION = 1_000_000;

function grouped(value: number, locale?: string, options: Intl.NumberFormatOptions = {}): string {
  return formatter(locale, options).format(value).replace('-', MINUS);
}

// Making a formatter costs more than using it a hundred times, and there are a few of them only.
const formatters = new Map<string, Intl.NumberFormat>();

function formatter(locale: string | undefined, options: Intl.NumberFormatOptions) {
  const key = `${locale ?? ''} ${JSON.stringify(options)}`;
  let found = formatters.get(key);
  if (!found) {
    found = new Intl.NumberFormat(locale, options);
    formatters.set(key, found);
  }
  return found;
}

/** A count: `58,302`, and from a million `1.42 M`. */
export function count(n: number, locale?: string): string {
  if (Math.abs(n) < MILLION) {
    return grouped(n, locale, { maximumFractionDigits: 0 });
  }
  const options =
    Math.abs(n) < 999.5 * MILLION
      ? { minimumSignificantDigits: 3, maximumSignificantDigits: 3 }
      : { maximumFractionDigits: 0 };
  return `${grouped(n / MILLION, locale, options)}${TIED}M`;
}

/** A count in full, for a tooltip: `1,421,377`. */
export function exactly(n: number, locale?: string): string {
  return grouped(n, locale, { maximumFractionDigits: 0 });
}

/** A difference of counts, with its sign: `+212`, `−212`. */
export function difference(n: number, locale?: string): string {
  return n > 0 ? `+${count(n, locale)}` : count(n, locale);
}

/** A shape: `700 × 765`; with words, `24 samples × 58,302 genes`. */
export function shape(
  dimensions: readonly number[],
  words: readonly string[] = [],
  locale?: string
): string {
  return dimensions
    .map((n, i) => count(n, locale) + (words[i] ? TIED + words[i] : ''))
    .join(`${TIED}×${words.length ? ' ' : TIED}`);
}

const SIZES = ['B', 'kB', 'MB', 'GB', 'TB', 'PB'];

/** A size in decimal units and two to three digits: `1.8 MB`, `412 kB`. */
export function bytes(n: number, locale?: string): string {
  const sign = n < 0 ? MINUS : '';
  let value = Math.abs(n);
  let unit = 0;
  // 999.6 kB would be read as 1,000 kB: what rounds up to a thousand takes the next unit.
  while (value >= (unit === 0 ? 1000 : 999.5) && unit < SIZES.length - 1) {
    value /= 1000;
    unit += 1;
  }
  const digits = unit === 0 || value >= 99.95 ? 0 : 1;
  const options = { minimumFractionDigits: digits, maximumFractionDigits: digits };
  return `${sign}${grouped(value, locale, options)}${TIED}${SIZES[unit]}`;
}

/** What a version added to the store: `+380 kB`. */
export function addedBytes(n: number, locale?: string): string {
  return n < 0 ? bytes(n, locale) : `+${bytes(n, locale)}`;
}

/** A share with one decimal: `34.3%`; small ones that are not nothing: `<0.1%`. */
export function share(part: number, whole: number, locale?: string): string {
  const value = whole > 0 ? part / whole : 0;
  const options = {
    style: 'percent',
    minimumFractionDigits: 1,
    maximumFractionDigits: 1
  } as const;
  return value > 0 && value < 0.0005
    ? `<${grouped(0.001, locale, options)}`
    : grouped(value, locale, options);
}

/**
 * How to write the measured values of a column: all with the decimals that its range needs.
 *
 * Whole numbers stay whole. Values so small that the column's decimals would show nothing of them
 * are written with an exponent.
 */
export function measured(
  values: Iterable<number | null | undefined>,
  locale?: string
): (value: number | null | undefined) => string {
  let largest = 0;
  let whole = true;
  for (const value of values) {
    if (value !== null && value !== undefined && Number.isFinite(value)) {
      largest = Math.max(largest, Math.abs(value));
      whole &&= Number.isInteger(value);
    }
  }
  const decimals = whole ? 0 : decimalsFor(largest);
  const options = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const least = 0.5 * 10 ** -decimals;
  return value => {
    if (value === null || value === undefined) {
      return '';
    }
    if (!Number.isFinite(value)) {
      return Number.isNaN(value) ? 'NaN' : value > 0 ? '∞' : `${MINUS}∞`;
    }
    const size = Math.abs(value);
    if (size >= 1e12 || (size > 0 && size < least)) {
      return value.toExponential(1).replaceAll('-', MINUS).replace('e+', 'e');
    }
    // Without this, −0.0001 in a column of two decimals is "−0.00".
    return grouped(size === 0 ? 0 : value, locale, options);
  };
}

function decimalsFor(largest: number): number {
  const exponent = Math.floor(Math.log10(largest));
  return Math.min(6, exponent >= 0 ? Math.max(0, 3 - exponent) : 2 - exponent);
}

/** One measured value, alone: `28.41`, `3.2e−7`. */
export function measure(value: number | null | undefined, locale?: string): string {
  return measured([value], locale)(value);
}

// -- times

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

const AGES: readonly (readonly [number, Intl.RelativeTimeFormatUnit])[] = [
  [365.25 * DAY, 'year'],
  [30.44 * DAY, 'month'],
  [DAY, 'day'],
  [HOUR, 'hour'],
  [MINUTE, 'minute']
];

/** How old something is, in one unit: the largest that it fills once; null within a minute. */
function aged(time: number, now: number): [number, Intl.RelativeTimeFormatUnit] | null {
  // A clock that is a little ahead of ours does not make a change of the future.
  const age = Math.max(0, now - time);
  const found = AGES.find(([length]) => age >= length);
  return found ? [Math.floor(age / found[0]), found[1]] : null;
}

/** An age for a list: `2 h`, `3 d`, `4 mo`; `now` within a minute. */
export function age(t: Translate, time: number, now = Date.now()): string {
  const found = aged(time, now);
  if (!found) {
    return t('now');
  }
  const n = found[0];
  switch (found[1]) {
    case 'year':
      return t('{n} y', { n });
    case 'month':
      return t('{n} mo', { n });
    case 'day':
      return t('{n} d', { n });
    case 'hour':
      return t('{n} h', { n });
    default:
      return t('{n} min', { n });
  }
}

/** An age for a sentence: `2 hours ago`. */
export function ago(time: number, now = Date.now(), locale?: string): string {
  const [n, unit] = aged(time, now) ?? [0, 'second'];
  const numeric = n === 0 ? 'auto' : 'always';
  return new Intl.RelativeTimeFormat(locale, { numeric }).format(-n, unit);
}

/** The full time, for tooltips and exports: `2026-11-21 12:04 UTC`. */
export function utc(time: number): string {
  const moment = new Date(time);
  return Number.isNaN(moment.getTime())
    ? ''
    : `${moment.toISOString().slice(0, 16).replace('T', ' ')} UTC`;
}

/** A time of day for what is going on: `Today 13:41`, then `18 Nov 10:12`. */
export function moment(t: Translate, time: number, now = Date.now(), locale?: string): string {
  const then = new Date(time);
  const clock = clockTime(time, locale);
  const today = new Date(now);
  if (then.toDateString() === today.toDateString()) {
    return t('Today {time}', { time: clock });
  }
  const sameYear = then.getFullYear() === today.getFullYear();
  const day = then.toLocaleDateString(locale, {
    day: 'numeric',
    month: 'short',
    ...(sameYear ? {} : { year: 'numeric' })
  });
  return `${day} ${clock}`;
}

/** The time of day: `14:02`. */
export function clockTime(time: number, locale?: string): string {
  return new Date(time).toLocaleTimeString(locale, {
    hour: '2-digit',
    minute: '2-digit',
    // Not `hour12: false`: midnight would be 24:00 in some locales.
    hourCycle: 'h23'
  });
}

/** How long something takes still: `about 6 min left`. */
export function timeLeft(t: Translate, milliseconds: number): string {
  if (milliseconds < MINUTE) {
    return t('less than a minute left');
  }
  return milliseconds < 90 * MINUTE
    ? t('about {n} min left', { n: Math.round(milliseconds / MINUTE) })
    : t('about {n} h left', { n: Math.round(milliseconds / HOUR) });
}
