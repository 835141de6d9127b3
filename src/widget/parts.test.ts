/** Parts that a kernel sends: each once, after what it needs, and again where a kernel went. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { CatalogError, Unreachable } from '../api/errors';
import { addSource, load, type Modules, retryParts } from './parts';

const encoder = new TextEncoder();
let n = 0;

describe('the parts of a widget', () => {
  let modules: Modules;
  const ends: (() => void)[] = [];

  beforeEach(() => {
    modules = {};
    n += 1; // parts are kept for a page, and all tests are one
    // The module loader of the tests takes data, where a browser takes a blob.
    vi.spyOn(globalThis, 'Blob').mockImplementation(
      ([bytes]: BlobPart[] = []) =>
        ({ text: new TextDecoder().decode(bytes as Uint8Array) }) as never
    );
    URL.createObjectURL = blob =>
      `data:text/javascript,${encodeURIComponent((blob as unknown as { text: string }).text)}`;
    URL.revokeObjectURL = () => undefined;
  });
  afterEach(() => ends.splice(0).forEach(end => end()));

  function source(texts: Record<string, string>) {
    const asked: string[] = [];
    ends.push(
      addSource(name => {
        asked.push(name);
        return name in texts
          ? Promise.resolve(encoder.encode(texts[name]))
          : Promise.reject(new CatalogError('There is none.', null, 'NotFound', 404));
      })
    );
    return asked;
  }

  it('come once, and after what they need', async () => {
    const [a, b] = [`a${n}`, `b${n}`];
    const asked = source({ [a]: 'export const one = 1', [b]: 'export const two = 2' });
    const needs = { [a]: [a], [b]: [a, b] };
    const [first, again] = await Promise.all([load(b, modules, needs), load(b, modules, needs)]);
    expect(first).toBe(again);
    expect(first).toMatchObject({ two: 2 });
    expect(modules[a]).toMatchObject({ one: 1 });
    expect(asked.sort()).toEqual([a, b]);
  });

  it('are waited for where the kernel is gone', async () => {
    const name = `late${n}`;
    let gone = true;
    ends.push(
      addSource(() =>
        gone
          ? Promise.reject(new Unreachable('gone'))
          : Promise.resolve(encoder.encode('export const late = 3'))
      )
    );
    const part = load(name, modules, { [name]: [name] });
    const early = await Promise.race([part, new Promise(resolve => setTimeout(resolve, 20, 'no'))]);
    expect(early).toBe('no');
    gone = false;
    retryParts();
    await expect(part).resolves.toMatchObject({ late: 3 });
  });

  it('of another release are an error, and can be asked for anew', async () => {
    const name = `old${n}`;
    const needs = { [name]: [name] };
    source({});
    await expect(load(name, modules, needs)).rejects.toMatchObject({ kind: 'NotFound' });
    source({ [name]: 'export const now = true' });
    await expect(load(name, modules, needs)).resolves.toMatchObject({ now: true });
  });
});
