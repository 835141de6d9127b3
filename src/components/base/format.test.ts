import { describe, expect, it } from 'vitest';
import { translate } from '../words';
import {
  addedBytes,
  age,
  ago,
  bytes,
  clockTime,
  count,
  difference,
  exactly,
  measure,
  measured,
  moment,
  shape,
  share,
  timeLeft,
  utc
} from './format';

const t = translate();
const EN = 'en-GB';
const plain = (text: string) => text.replaceAll('\u00a0', ' ');

describe('counts', () => {
  it.each([
    [0, '0'],
    [700, '700'],
    [58302, '58,302'],
    [999_999, '999,999'],
    [1_000_000, '1.00 M'],
    [1_421_377, '1.42 M'],
    [12_140_000, '12.1 M'],
    [999_700_000, '1,000 M'],
    [2_500_000_000, '2,500 M'],
    [-212, '−212']
  ])('%d is %s', (n, words) => expect(plain(count(n, EN))).toBe(words));

  it('are grouped as the reader does', () => {
    expect(count(58302, 'de')).toBe('58.302');
    expect(exactly(1421377, EN)).toBe('1,421,377');
  });

  it('have a sign where they are a difference', () => {
    expect([212, -212, 0].map(n => difference(n, EN))).toEqual(['+212', '−212', '0']);
  });
});

describe('shapes', () => {
  it('have observations first', () => expect(plain(shape([700, 765], [], EN))).toBe('700 × 765'));
  it('have words outside of single cell', () =>
    expect(plain(shape([24, 58302], ['samples', 'genes'], EN))).toBe('24 samples × 58,302 genes'));
  it('shorten millions', () =>
    expect(plain(shape([24, 1_210_000], ['samples', 'variants'], EN))).toBe(
      '24 samples × 1.21 M variants'
    ));
});

describe('bytes', () => {
  it.each([
    [0, '0 B'],
    [133, '133 B'],
    [999, '999 B'],
    [1000, '1.0 kB'],
    [1_840_000, '1.8 MB'],
    [24_700_000, '24.7 MB'],
    [99_960, '100 kB'],
    [412_000, '412 kB'],
    [999_499, '999 kB'],
    [999_600, '1.0 MB'],
    [214e9, '214 GB'],
    [5e18, '5,000 PB'],
    [-1_300_000, '−1.3 MB']
  ])('%d is %s', (n, words) => expect(plain(bytes(n, EN))).toBe(words));

  it('that were added have a plus', () => {
    expect(plain(addedBytes(380_000, EN))).toBe('+380 kB');
    expect(plain(addedBytes(0, EN))).toBe('+0 B');
  });
});

describe('shares', () => {
  it('have one decimal', () => expect(share(240, 700, EN)).toBe('34.3%'));
  it('of something are not nothing', () => expect(share(1, 1_000_000, EN)).toBe('<0.1%'));
  it('of nothing are nothing', () => expect(share(0, 0, EN)).toBe('0.0%'));
});

describe('measured values', () => {
  const column = (values: (number | null)[]) => values.map(measured(values, EN));

  it('have the decimals that their column needs', () => {
    expect(column([-0.309, -0.09, 3.56])).toEqual(['−0.309', '−0.090', '3.560']);
    expect(column([0.0118, 0.0223, 0.0276])).toEqual(['0.0118', '0.0223', '0.0276']);
    expect(column([-2.03, 28.41])).toEqual(['−2.03', '28.41']);
    expect(column([1007, 2204.5])).toEqual(['1,007', '2,205']);
  });
  it('that are whole stay whole', () => expect(column([1001, 7])).toEqual(['1,001', '7']));
  it('that would vanish have an exponent', () =>
    expect(column([1, 0.5, 3.2e-7, 0])).toEqual(['1.000', '0.500', '3.2e−7', '0.000']));
  it('that are none are empty or named', () =>
    expect(column([null, NaN, Infinity, -Infinity])).toEqual(['', 'NaN', '∞', '−∞']));
  it('that are huge have an exponent', () => expect(measure(6.02e23, EN)).toBe('6.0e23'));
  it('of a column of zeros are zeros', () => expect(column([0, -0])).toEqual(['0', '0']));
  it('all below a millionth keep their digits', () =>
    expect(column([1.5e-9, 3e-9])).toEqual(['1.5e−9', '3.0e−9']));
});

describe('times', () => {
  const now = Date.UTC(2026, 10, 21, 12, 4, 30);
  const before = (hours: number) => now - hours * 3_600_000;

  it.each([
    [0, 'now'],
    [-1, 'now'],
    [0.5, '30 min'],
    [2.9, '2 h'],
    [72, '3 d'],
    [24 * 125, '4 mo'],
    [24 * 800, '2 y']
  ])('%d hours old is %s', (hours, words) => expect(age(t, before(hours), now)).toBe(words));

  it('are told in sentences', () => {
    expect(ago(before(2), now, 'en')).toBe('2 hours ago');
    expect(ago(before(24), now, 'en')).toBe('1 day ago');
    expect(ago(now, now, 'en')).toBe('now');
    expect(ago(before(2), now, 'de')).toBe('vor 2 Stunden');
  });
  it('are UTC where they are written down', () => {
    expect(utc(now)).toBe('2026-11-21 12:04 UTC');
    expect(utc(NaN)).toBe('');
  });
  it('of today are told by the clock', () => {
    const here = new Date(2026, 10, 21, 13, 41).getTime();
    expect(moment(t, here, here + 60_000, EN)).toBe('Today 13:41');
    expect(moment(t, here, here + 5 * 86_400_000, EN)).toBe('21 Nov 13:41');
    expect(moment(t, here, here + 400 * 86_400_000, EN)).toBe('21 Nov 2026 13:41');
    expect(clockTime(new Date(2026, 10, 21, 0, 5).getTime(), 'en-US')).toMatch(/^00:05$/);
  });
  it('that are left are told about', () => {
    expect([20_000, 6 * 60_000, 3 * 3_600_000].map(ms => timeLeft(t, ms))).toEqual([
      'less than a minute left',
      'about 6 min left',
      'about 3 h left'
    ]);
  });
});
