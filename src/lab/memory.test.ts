import { beforeEach, describe, expect, it } from 'vitest';

import { BrowserMemory } from './memory';

describe('what is remembered', () => {
  beforeEach(() => localStorage.clear());

  it('is there at the next visit, apart for each server', () => {
    new BrowserMemory('/user/ada/').set('recent', ['lung']);
    expect(new BrowserMemory('/user/ada/').get('recent')).toEqual(['lung']);
    expect(new BrowserMemory('/user/bob/').get('recent')).toBeUndefined();
  });

  it('can be forgotten', () => {
    const memory = new BrowserMemory('/');
    memory.set('recent', 1);
    memory.set('recent', undefined);
    expect(new BrowserMemory('/').get('recent')).toBeUndefined();
  });

  it('lasts for the visit where the browser keeps nothing', () => {
    const full = {
      setItem: () => {
        throw new DOMException('full', 'QuotaExceededError');
      },
      getItem: () => null
    };
    const memory = new BrowserMemory('/', full as unknown as Storage);
    memory.set('recent', 'x');
    expect(memory.get('recent')).toBe('x');
  });

  it('ignores what is no JSON', () => {
    localStorage.setItem('omicshelf:/:recent', '{');
    expect(new BrowserMemory('/').get('recent')).toBeUndefined();
  });
});
