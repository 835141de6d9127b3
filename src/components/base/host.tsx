/** What every component is given: the host it is in, and its words. */

import { createContext, useContext, type ReactNode } from 'react';
import type { IHost } from '../host';
import { translate, type Translate } from '../words';

export const HostContext = createContext<IHost | null>(null);

// Where there is no host, as in a test or above an error, the words are English.
const ENGLISH = translate();

export function HostProvider({ host, children }: { host: IHost; children: ReactNode }) {
  return <HostContext.Provider value={host}>{children}</HostContext.Provider>;
}

/** The host that the components are in. */
export function useHost(): IHost {
  const host = useContext(HostContext);
  if (!host) {
    throw new Error('useHost() is called outside of a HostProvider: wrap the component in one.');
  }
  return host;
}

/** The words of the host, in the reader's language. */
export function useWords(): Translate {
  return useContext(HostContext)?.t ?? ENGLISH;
}
