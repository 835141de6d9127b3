import { afterEach, expect, it, vi } from 'vitest';

import { followTheme } from './theme';

afterEach(() => vi.unstubAllGlobals());

it('has colours of its own, which follow what is preferred', () => {
  const preference = Object.assign(new EventTarget(), { matches: true });
  vi.stubGlobal('matchMedia', () => preference);
  const page = document.createElement('html');
  const end = followTheme(page);
  expect(page.className).toBe('omicshelf-mod-bare omicshelf-mod-dark');
  const prefer = (dark: boolean) => {
    preference.matches = dark;
    preference.dispatchEvent(new Event('change'));
  };
  prefer(false);
  expect(page.className).toBe('omicshelf-mod-bare');
  end();
  prefer(true);
  expect(page.className).toBe('omicshelf-mod-bare');
});
