/** What a load will be, asked anew with each wish. */

import { useEffect, useRef, useState } from 'react';
import { type CatalogError, asCatalogError } from '../../../api/errors';
import type { IDatasetRef, VersionRecord } from '../../../api/records';
import type { IKernels, ILoadPlan, ILoadWish, LoadAs } from '../../host';

// Each key of a variable's name would ask the kernel once.
const SETTLED_AFTER = 150;

export interface IPlans {
  /** For what is wished; the one before stays until the kernel has answered. */
  plan: ILoadPlan | null;
  /** What each way of reading takes, as far as it is known. */
  memory: Partial<Record<LoadAs, number | null>>;
  /** How much of it the part is that is wished; null before that is known. */
  shape: ILoadPlan['shape'] | null;
  /** Whether reading it whole is too much for the kernel, and what it has. */
  large: { memory: number; freeMemory: number } | null;
  waiting: boolean;
  error: CatalogError | null;
  again: () => void;
}

/** Plan a load; the kernel is asked for every way of reading once, then for each wish. */
export function usePlans(
  kernels: IKernels | undefined,
  ref: IDatasetRef,
  record: VersionRecord,
  wish: ILoadWish,
  first: ILoadPlan | null
): IPlans {
  const [plan, setPlan] = useState<ILoadPlan | null>(first);
  const [memory, setMemory] = useState<IPlans['memory']>({});
  const [shape, setShape] = useState<IPlans['shape']>(null);
  const [large, setLarge] = useState(() => largeOf(first));
  const [waiting, setWaiting] = useState(first === null);
  const [error, setError] = useState<CatalogError | null>(null);
  const [turn, setTurn] = useState(0);
  const { atlas, id, version } = ref;
  const wished = JSON.stringify(wish);
  // What was planned before the dialog opened need not be asked again.
  const planned = useRef(first ? wished : null);

  useEffect(() => {
    if (!kernels || planned.current === wished) {
      planned.current = null;
      return undefined;
    }
    let current = true;
    const giveUp = new AbortController();
    const { signal } = giveUp;
    setWaiting(true);
    const ask = async () => {
      try {
        const dataset = { atlas, id, version };
        const wish = JSON.parse(wished) as ILoadWish;
        const found = await kernels.plan(dataset, record, { ...wish, signal });
        if (current) {
          setPlan(found);
          setError(null);
          if (wish.as === 'part') {
            setMemory(before => ({ ...before, part: found.memory }));
            setShape(found.shape ?? null);
          } else {
            setLarge(before => largeOf(found) ?? before);
          }
        }
      } catch (reason) {
        if (current) {
          setError(asCatalogError(reason));
        }
      } finally {
        if (current) {
          setWaiting(false);
        }
      }
    };
    const timer = setTimeout(() => void ask(), SETTLED_AFTER);
    return () => {
      current = false;
      clearTimeout(timer);
      giveUp.abort();
    };
  }, [kernels, atlas, id, version, record, wished, turn]);

  const { target } = wish;
  const ways = plan?.ways.join(' ') ?? '';
  useEffect(() => {
    if (!kernels || !ways) {
      return undefined;
    }
    let current = true;
    const giveUp = new AbortController();
    const { signal } = giveUp;
    const ask = async () => {
      // What a part takes is known when it is said which part.
      for (const way of ways.split(' ').filter(one => one !== 'part') as LoadAs[]) {
        const dataset = { atlas, id, version };
        const found = await kernels.plan(dataset, record, { target, as: way, signal });
        if (!current) {
          return;
        }
        setMemory(before => ({ ...before, [way]: found.memory }));
        if (way === 'memory') {
          setLarge(largeOf(found));
        }
      }
    };
    // What a way takes is a help for choosing; that it is not known stops nothing.
    ask().catch(() => undefined);
    return () => {
      current = false;
      giveUp.abort();
    };
  }, [kernels, atlas, id, version, record, target, ways]);

  return { plan, memory, shape, large, waiting, error, again: () => setTurn(turn + 1) };
}

function largeOf(plan: ILoadPlan | null): IPlans['large'] {
  return plan?.obstacle?.kind === 'large' ? plan.obstacle : null;
}

const KEYWORDS = new Set(
  (
    'False None True and as assert async await break class continue def del elif else except ' +
    'finally for from global if import in is lambda nonlocal not or pass raise return try while ' +
    'with yield'
  ).split(' ')
);

/** Whether a text can be the name of a variable in Python. */
export function isVariableName(text: string): boolean {
  return /^[\p{L}_][\p{L}\p{N}_]*$/u.test(text) && !KEYWORDS.has(text);
}
