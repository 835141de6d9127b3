/** Questions to a kernel that no notebook shows. */

import type { Kernel, KernelMessage } from '@jupyterlab/services';

import { CatalogError } from '../../api/errors';
import { kernelCall } from './code';

/** The kernel's Python has no omicshelf, or one without what is asked. */
export class NotInstalled extends CatalogError {
  constructor() {
    super(
      'omicshelf is not installed in this kernel.',
      'Install it there, or choose another kernel.',
      'NotInstalled',
      0
    );
  }
}

const KEY = 'omicshelf';
const TRIES = 3;

/**
 * Ask a Python kernel, behind what it is running now.
 *
 * @throws NotInstalled, a CatalogError of what the kernel says, or the signal's reason.
 */
export async function ask<T>(
  kernel: Kernel.IKernelConnection,
  name: string,
  args: Record<string, unknown>,
  signal?: AbortSignal
): Promise<T> {
  const expression = kernelCall(name, args);
  for (let attempt = 1; ; attempt++) {
    const reply = await executed(kernel, expression, signal);
    if (reply.status === 'ok') {
      return valueOf<T>(reply.user_expressions[KEY]);
    }
    // A cell that failed empties the queue behind it: nobody has been asked yet.
    if (attempt === TRIES) {
      throw new CatalogError('The kernel did not answer.', 'Try again.', 'Error', 0);
    }
  }
}

async function executed(
  kernel: Kernel.IKernelConnection,
  expression: string,
  signal: AbortSignal | undefined
): Promise<KernelMessage.IExecuteReplyMsg['content']> {
  signal?.throwIfAborted();
  const future = kernel.requestExecute({
    code: '',
    silent: true,
    store_history: false,
    allow_stdin: false,
    stop_on_error: false,
    user_expressions: { [KEY]: expression }
  });
  let giveUp: (() => void) | undefined;
  const givenUp = new Promise<never>((_, reject) => {
    giveUp = () => {
      future.dispose();
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', giveUp, { once: true });
  });
  try {
    return (await Promise.race([future.done, givenUp])).content;
  } catch (reason) {
    if (signal?.aborted) {
      throw reason;
    }
    // The future is cancelled when its kernel goes.
    throw new CatalogError(
      'The kernel stopped before it answered.',
      'Start it again, and then try again.',
      'KernelGone',
      0
    );
  } finally {
    signal?.removeEventListener('abort', giveUp!);
  }
}

interface IExpression {
  status?: string;
  ename?: string;
  evalue?: string;
  data?: Record<string, unknown>;
}

interface ITold<T> {
  value?: T;
  error?: { title: string; detail: string | null; kind: string };
}

function valueOf<T>(given: unknown): T {
  const found = (given ?? {}) as IExpression;
  if (found.status === 'error') {
    throw failure(found.ename ?? 'Error', found.evalue ?? '');
  }
  const told = (found.data?.['application/json'] ?? {}) as ITold<T>;
  if (told.error) {
    throw new CatalogError(told.error.title, told.error.detail, told.error.kind, 0);
  }
  if (told.value === undefined) {
    throw new CatalogError('The kernel gave no answer.', 'Restart it, and try again.', 'Error', 0);
  }
  return told.value;
}

/** Make an error of what Python raised: its message, no traceback. */
export function failure(name: string, text: string): CatalogError {
  const isOurs = /No module named '?omicshelf/.test(text) || /omicshelf\.notebook/.test(text);
  if (['ModuleNotFoundError', 'ImportError'].includes(name) && isOurs) {
    return new NotInstalled();
  }
  if (name === 'KeyboardInterrupt') {
    return new CatalogError('The kernel was interrupted.', null, name, 0);
  }
  // Of our own errors, the second line is the remedy; of others it belongs to the message.
  const [title, ...rest] = text.split('\n');
  return new CatalogError(
    title ? `${title}` : name,
    rest.join('\n').trim() || null,
    name.split('.').pop() ?? name,
    0
  );
}
