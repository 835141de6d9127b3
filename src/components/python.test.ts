import { describe, expect, it } from 'vitest';

import { call, quoted, wrapped } from './python';

describe('quoted', () => {
  it('leaves letters of all scripts, and writes the rest as Python reads it', () => {
    expect(quoted('CD4⁺ β-Zelle תא')).toBe('"CD4⁺ β-Zelle תא"');
    expect(quoted('\u200b\u007f\u{e0001}')).toBe('"\\u200b\\u007f\\U000e0001"');
    expect(quoted('a"b\\c\n')).toBe('"a\\"b\\\\c\\n"');
  });
});

describe('long code', () => {
  it('is wrapped between items, however long one is', () => {
    const lines = wrapped(['"a"', `"${'b'.repeat(100)}"`, '"c"', '"d"']);
    expect(lines).toEqual(['    "a",', `    "${'b'.repeat(100)}",`, '    "c", "d",']);
  });

  it('has an argument a line where a call is too long for one', () => {
    expect(call('f', ['1', 'x=2'])).toBe('f(1, x=2)');
    const word = `x="${'y'.repeat(90)}"`;
    expect(call('f', ['1', word])).toBe(`f(\n    1,\n    ${word},\n)`);
  });
});
