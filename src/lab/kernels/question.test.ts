import type { Kernel } from '@jupyterlab/services';
import { describe, expect, it, vi } from 'vitest';

import { NotInstalled, ask, failure } from './question';

type Reply = Record<string, unknown>;

/** A kernel that gives these replies, one after the other; a promise may never come. */
function kernel(...replies: (Reply | Promise<Reply>)[]) {
  const disposed = vi.fn();
  const requestExecute = vi.fn((_: { user_expressions: Record<string, string> }) => ({
    done: Promise.resolve(replies.shift()).then(content => ({ content })),
    dispose: disposed
  }));
  return {
    connection: { requestExecute } as unknown as Kernel.IKernelConnection,
    requestExecute,
    disposed
  };
}

const told = (value: unknown): Reply => ({
  status: 'ok',
  user_expressions: {
    omicshelf: { status: 'ok', data: { 'text/plain': 'Answer', 'application/json': value } }
  }
});

describe('a question to a kernel', () => {
  it('is silent, and gives the value', async () => {
    const { connection, requestExecute } = kernel(told({ value: { holds: 'AnnData 7 × 6' } }));
    await expect(ask(connection, 'holds', { variable: 'adata' })).resolves.toEqual({
      holds: 'AnnData 7 × 6'
    });
    expect(requestExecute.mock.calls[0][0]).toMatchObject({
      code: '',
      silent: true,
      store_history: false
    });
  });

  it('fails with what the kernel says', async () => {
    const error = { title: 'No dataset.', detail: 'Look.', kind: 'NotFound' };
    const { connection } = kernel(told({ error }));
    await expect(ask(connection, 'holds', {})).rejects.toMatchObject(error);
  });

  it('says that omicshelf is not installed', async () => {
    const { connection } = kernel({
      status: 'ok',
      user_expressions: {
        omicshelf: {
          status: 'error',
          ename: 'ModuleNotFoundError',
          evalue: "No module named 'omicshelf'"
        }
      }
    });
    await expect(ask(connection, 'holds', {})).rejects.toBeInstanceOf(NotInstalled);
  });

  it('is asked again when a failed cell emptied the queue', async () => {
    const { connection, requestExecute } = kernel({ status: 'aborted' }, told({ value: 1 }));
    await expect(ask(connection, 'holds', {})).resolves.toBe(1);
    expect(requestExecute).toHaveBeenCalledTimes(2);
  });

  it('is given up', async () => {
    const { connection, disposed } = kernel(new Promise(() => undefined));
    const control = new AbortController();
    const answer = ask(connection, 'holds', {}, control.signal);
    control.abort();
    await expect(answer).rejects.toMatchObject({ name: 'AbortError' });
    expect(disposed).toHaveBeenCalled();
  });

  it('ends when the kernel does', async () => {
    const { connection } = kernel(Promise.reject(new Error('Canceled future')));
    await expect(ask(connection, 'holds', {})).rejects.toMatchObject({ kind: 'KernelGone' });
  });
});

describe('what Python raised', () => {
  it('is a title and a remedy, and no traceback', () => {
    const error = failure('omicshelf.errors.NotFound', 'No version v9.\nThe newest is v5.');
    expect(error).toMatchObject({
      title: 'No version v9.',
      detail: 'The newest is v5.',
      kind: 'NotFound'
    });
  });

  it('has its name where it says nothing', () => {
    expect(failure('MemoryError', '').title).toBe('MemoryError');
  });

  it('tells another missing package as it is', () => {
    const error = failure('ModuleNotFoundError', "No module named 'scanpy'");
    expect(error).not.toBeInstanceOf(NotInstalled);
    expect(error.title).toContain('scanpy');
  });
});
