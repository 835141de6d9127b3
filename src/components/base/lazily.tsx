/** Parts that are fetched when they are first wanted, and again where that failed. */

import { type ComponentType, lazy } from 'react';

/** A part could not be fetched: no connection, or a server that has another build by now. */
export class NotFetched extends Error {
  constructor(
    cause: unknown,
    /** Have it fetched anew by whoever draws it next. */
    readonly again: () => void
  ) {
    super('A part could not be fetched.', { cause });
    this.name = 'NotFetched';
  }
}

/**
 * Make a component of one that is fetched when it is first drawn.
 *
 * React's own keeps a failure for ever. This one is fetched again as soon as an `ErrorBoundary`
 * has told the failure, and the person asks for it.
 */
export function lazily<P extends object>(fetch: () => Promise<ComponentType<P>>): ComponentType<P> {
  const made = () => {
    const part = lazy(async () => {
      try {
        return { default: await fetch() };
      } catch (reason) {
        throw new NotFetched(reason, () => {
          Part = made();
        });
      }
    });
    // Its type is about refs, which a part has none of.
    return part as unknown as ComponentType<P>;
  };
  let Part = made();
  return function Fetched(props: P) {
    return <Part {...props} />;
  };
}
