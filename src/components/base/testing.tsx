/** For tests of components: show them in a surface, and ask axe about them. */

import { cleanup, render, type RenderResult } from '@testing-library/react';
import userEvent, { type UserEvent } from '@testing-library/user-event';
import axe from 'axe-core';
import type { ReactElement } from 'react';
import { afterEach, expect, vi } from 'vitest';
import type { IHost, INotice } from '../host';
import { translate } from '../words';
import { Surface } from './Surface';

afterEach(cleanup);

// axe and simulated keys take their time on a small machine that does other things too.
vi.setConfig({ testTimeout: 30_000 });

// jsdom has no CSS.escape, which simulated arrow keys look for radio buttons with.
if (typeof CSS === 'undefined') {
  Object.assign(globalThis, {
    CSS: { escape: (text: string) => text.replace(/[^\w-]/g, '\\$&') }
  });
}

export interface IShown extends RenderResult {
  user: UserEvent;
  host: IHost;
  /** What the host was told, and what was put on its clipboard. */
  notices: INotice[];
  copied: string[];
  /** Show it anew with other props. */
  again: (ui: ReactElement) => void;
}

/** Show a component in a surface; `parts` is what its host can do beyond words and notices. */
export function show(ui: ReactElement, parts: Partial<IHost> = {}): IShown {
  const notices: INotice[] = [];
  const copied: string[] = [];
  const host = {
    t: translate(),
    notify: (notice: INotice) => notices.push(notice),
    copy: (text: string) => Promise.resolve(void copied.push(text)),
    memory: memory(),
    ...parts
    // What a component under test does not ask for is not there.
  } as unknown as IHost;
  // Where a test has its own clock, keys and presses move it on.
  const user = userEvent.setup(
    vi.isFakeTimers() ? { advanceTimers: ms => vi.advanceTimersByTime(ms) } : {}
  );
  const inSurface = (what: ReactElement) => <Surface host={host}>{what}</Surface>;
  const view = render(inSurface(ui));
  return { ...view, user, host, notices, copied, again: what => view.rerender(inSurface(what)) };
}

function memory(): IHost['memory'] {
  const kept = new Map<string, unknown>();
  return {
    get: <T,>(key: string) => kept.get(key) as T | undefined,
    set: (key, value) => void kept.set(key, value)
  };
}

/** Fail with what axe finds; colours are measured in a browser, where there are some. */
export async function expectAccessible(container: Element = document.body): Promise<void> {
  const { violations } = await axe.run(container, {
    rules: { 'color-contrast': { enabled: false }, region: { enabled: false } },
    resultTypes: ['violations']
  });
  expect(
    violations.map(({ id, help, nodes }) => `${id}: ${help}: ${nodes.map(n => n.html).join(' ')}`)
  ).toEqual([]);
}
