/**
 * Parts of the front end that the kernel sends when they are first wanted: a module travels over a
 * comm as text, and is there once for the whole page.
 *
 * A bundle's `import()` becomes `load` (see bundles.mjs). A part is linked by a table of modules,
 * because a module made of text has no address that another one could be imported from.
 */

import { Unreachable } from '../api/errors';

/** Gives the bytes of a part; fails with {@link Unreachable} where the kernel is gone. */
export type PartSource = (name: string) => Promise<Uint8Array>;

export type Modules = Record<string, unknown>;

// The widgets that are shown, the latest last. Their kernels may be several, and may go.
const sources: PartSource[] = [];
const awaiting = new Set<() => void>();

/** Let parts come from a kernel; ends by the function that it gives. */
export function addSource(source: PartSource): () => void {
  sources.push(source);
  retryParts();
  return () => {
    sources.splice(sources.indexOf(source), 1);
  };
}

/** A kernel answers again: what could not be had is asked for anew. */
export function retryParts(): void {
  awaiting.forEach(wake => wake());
}

const loading = new Map<string, Promise<unknown>>();

/** Give a part, after all that it needs; each is asked for once. */
export function load(
  name: string,
  modules: Modules,
  needs: Readonly<Record<string, readonly string[]>>
): Promise<unknown> {
  const before = loading.get(name);
  if (before) {
    return before;
  }
  const run = async () => {
    const [, bytes] = await Promise.all([
      // Those that it needs are in order: each is linked when the one before it is.
      needs[name].reduce<Promise<unknown>>(
        (done, other) => done.then(() => (other === name ? null : load(other, modules, needs))),
        Promise.resolve()
      ),
      bytesOf(name)
    ]);
    const url = URL.createObjectURL(new Blob([bytes], { type: 'text/javascript' }));
    try {
      modules[name] = await import(url);
      return modules[name];
    } finally {
      URL.revokeObjectURL(url);
    }
  };
  const part = run();
  loading.set(name, part);
  part.catch(() => loading.delete(name));
  return part;
}

/** A kernel that is gone may come back, or another widget has one: then it goes on. */
async function bytesOf(name: string): Promise<Uint8Array> {
  for (;;) {
    const source = sources[sources.length - 1];
    const another = new Promise<void>(resolve => {
      const wake = () => {
        awaiting.delete(wake);
        resolve();
      };
      awaiting.add(wake);
    });
    try {
      if (source) {
        return await source(name);
      }
    } catch (reason) {
      if (!(reason instanceof Unreachable)) {
        throw reason;
      }
    }
    await another;
  }
}
