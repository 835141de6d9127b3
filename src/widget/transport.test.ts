/** A widget's way to its kernel: at work, gone, and back. */

import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Unreachable } from '../api/errors';
import { KernelTransport } from './transport';

type Listener = (content: unknown, buffers?: DataView[]) => void;

interface ISent {
  kind: string;
  id: number;
}

/** A model's comm, whose other end is the test. */
class Comm {
  readonly sent: ISent[] = [];
  cut = false;

  on = (event: string, listener: Listener) => void this._of(event).add(listener);
  off = (event: string, listener: Listener) => void this._of(event).delete(listener);

  send = (content: unknown) => {
    if (this.cut) {
      throw new Error('Cannot send');
    }
    this.sent.push(content as ISent);
  };

  tell(event: string, content?: unknown): void {
    this._of(event).forEach(listener => listener(content));
  }

  answer(id: number): void {
    this.tell('msg:custom', { kind: 'answer', id, status: 200, body: { fine: true } });
  }

  hello(): void {
    this.tell('msg:custom', { kind: 'event', topic: 'hello', body: null });
  }

  get nListeners(): number {
    return [...this._listeners.values()].reduce((sum, some) => sum + some.size, 0);
  }

  private _of(event: string): Set<Listener> {
    const found = this._listeners.get(event) ?? new Set();
    this._listeners.set(event, found);
    return found;
  }

  private readonly _listeners = new Map<string, Set<Listener>>();
}

const ASKED = { method: 'GET', path: '/info' } as const;

describe('the kernel of a widget', () => {
  let comm: Comm;
  let transport: KernelTransport;

  beforeEach(() => {
    vi.useFakeTimers();
    comm = new Comm();
    transport = new KernelTransport(comm, comm);
  });
  afterEach(() => vi.useRealTimers());

  /** Ask, and wait until it has been sent. */
  async function ask() {
    const answer = transport.request(ASKED);
    answer.catch(() => undefined);
    await vi.advanceTimersByTimeAsync(0);
    return answered(answer);
  }

  function answered(answer: ReturnType<KernelTransport['request']>) {
    return { answer, id: comm.sent[comm.sent.length - 1].id };
  }

  it('is busy where it does not even say hello, and goes on afterwards', async () => {
    const { answer, id } = await ask();
    await vi.advanceTimersByTimeAsync(1000);
    expect(comm.sent[1].kind).toBe('hello');
    expect(transport.state).toBe('ready');
    await vi.advanceTimersByTimeAsync(1000);
    expect(transport.state).toBe('busy');
    comm.hello();
    expect(transport.state).toBe('ready');
    comm.answer(id);
    await expect(answer).resolves.toMatchObject({ body: { fine: true } });
  });

  it('is not busy where the catalog alone is slow', async () => {
    await ask();
    await vi.advanceTimersByTimeAsync(1000);
    comm.hello();
    await vi.advanceTimersByTimeAsync(5000);
    expect(transport.state).toBe('ready');
  });

  it('keeps nobody waiting when it is gone, and is asked again when it is back', async () => {
    const states: string[] = [];
    transport.onState(() => states.push(transport.state));
    const { answer } = await ask();
    comm.tell('comm_live_update');
    await expect(answer).rejects.toBeInstanceOf(Unreachable);
    await expect(transport.request(ASKED)).rejects.toBeInstanceOf(Unreachable);
    comm.hello();
    expect(states).toEqual(['gone', 'ready']);
    const again = await ask();
    comm.answer(again.id);
    await expect(again.answer).resolves.toMatchObject({ status: 200 });
  });

  it('is gone where its comm refuses what is sent', async () => {
    comm.cut = true;
    await expect(transport.request(ASKED)).rejects.toBeInstanceOf(Unreachable);
    expect(transport.state).toBe('gone');
    comm.tell('comm_live_update');
    expect(transport.state).toBe('gone');
  });

  it('leaves nothing behind', async () => {
    const { answer } = await ask();
    transport.dispose();
    await expect(answer).rejects.toBeInstanceOf(Unreachable);
    expect(comm.nListeners).toBe(0);
  });
});
