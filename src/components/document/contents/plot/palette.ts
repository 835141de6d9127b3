/** Colours of categories and of values. */

// Okabe and Ito's eight are too few; these twenty are matplotlib's tab20, the strong ones first,
// which is what a notebook shows where a file has no colours of its own.
const CATEGORIES = [
  '#1f77b4', '#ff7f0e', '#2ca02c', '#d62728', '#9467bd', '#8c564b', '#e377c2', '#7f7f7f',
  '#bcbd22', '#17becf', '#aec7e8', '#ffbb78', '#98df8a', '#ff9896', '#c5b0d5', '#c49c94',
  '#f7b6d2', '#c7c7c7', '#dbdb8d', '#9edae5'
]; // prettier-ignore

/** What has no value. */
export const MISSING = '#b0b0b0';

// Viridis at equal steps (S. van der Walt and N. Smith, CC0).
const VIRIDIS = [
  '#440154', '#482475', '#414487', '#355f8d', '#2a788e', '#21918c', '#22a884', '#44bf70',
  '#7ad151', '#bddf26', '#fde725'
]; // prettier-ignore

// Blue through grey to red, for values around zero (K. Moreland's "cool to warm" in five steps).
const DIVERGING = ['#3b4cc0', '#8db0fe', '#dddddd', '#f49a7b', '#b40426'];

/** Give a colour to each of `n` categories: the file's own, where it has as many. */
export function categoryColors(n: number, own: readonly string[] | null): string[] {
  return Array.from({ length: n }, (_, i) => hex(own?.[i]) ?? colorAt(i));
}

/** The colour of a category by its place. */
export function colorAt(i: number): string {
  if (i < CATEGORIES.length) {
    return CATEGORIES[i];
  }
  // The golden angle keeps neighbours apart, however many there are.
  const hue = (i * 137.508) % 360;
  return fromHsl(hue, 0.55, 0.45 + 0.15 * (i % 2));
}

export type Scale = 'viridis' | 'diverging';

/** `n` colours of a scale, from its least to its most. */
export function scaleColors(scale: Scale, n: number): string[] {
  const stops = (scale === 'viridis' ? VIRIDIS : DIVERGING).map(channels);
  return Array.from({ length: n }, (_, i) => {
    const at = (i / Math.max(1, n - 1)) * (stops.length - 1);
    const from = stops[Math.floor(at)];
    const to = stops[Math.min(stops.length - 1, Math.floor(at) + 1)];
    return fromChannels(from.map((value, c) => value + (to[c] - value) * (at % 1)));
  });
}

/** A scale as a CSS gradient. */
export function gradient(scale: Scale): string {
  return `linear-gradient(to right, ${scaleColors(scale, 11).join(', ')})`;
}

/** Red, green and blue, from 0 to 255, of `#rrggbb`. */
export function channels(color: string): [number, number, number] {
  const n = Number.parseInt(color.slice(1, 7), 16);
  return [(n >> 16) & 255, (n >> 8) & 255, n & 255];
}

function fromChannels(values: readonly number[]): string {
  return '#' + values.map(value => Math.round(value).toString(16).padStart(2, '0')).join('');
}

function fromHsl(hue: number, saturation: number, light: number): string {
  const spread = saturation * Math.min(light, 1 - light);
  const channel = (n: number) => {
    const k = (n + hue / 30) % 12;
    return 255 * (light - spread * Math.max(-1, Math.min(k - 3, 9 - k, 1)));
  };
  return fromChannels([channel(0), channel(8), channel(4)]);
}

const NAMED = /^[a-z]{3,30}$/i;
const HEX = /^#[0-9a-f]{6}([0-9a-f]{2})?$/i;
const known = new Map<string, string | undefined>();

/** A colour of a file as `#rrggbb`; undefined where it is none that a browser knows. */
function hex(color: string | undefined): string | undefined {
  if (!color || HEX.test(color)) {
    return color?.slice(0, 7);
  }
  if (!known.has(color)) {
    known.set(color, NAMED.test(color) ? ofName(color) : undefined);
  }
  return known.get(color);
}

function ofName(name: string): string | undefined {
  const context = document.createElement('canvas').getContext('2d');
  if (!context || !CSS.supports('color', name)) {
    return undefined;
  }
  context.fillStyle = name; // a canvas gives it back as #rrggbb
  const found = context.fillStyle;
  return HEX.test(found) ? found : undefined;
}
