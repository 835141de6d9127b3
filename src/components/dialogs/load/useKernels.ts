/** The kernels that a host has, anew whenever one comes, goes, or becomes busy. */

import { useEffect, useReducer } from 'react';
import { useHost } from '../../base';
import type { IKernels } from '../../host';

/** The kernels; undefined on a page that has none. */
export function useKernels(): IKernels | undefined {
  const { kernels } = useHost();
  const [, renew] = useReducer((n: number) => n + 1, 0);
  useEffect(() => kernels?.changed(renew), [kernels]);
  return kernels;
}
