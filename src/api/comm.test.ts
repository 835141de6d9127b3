import { afterEach, describe, expect, it, vi } from 'vitest';

import { CommTransport, type IChannel } from './comm';
import { Unreachable } from './errors';

/** The kernel's end: what was sent, and a way to answer. */
class Kernel implements IChannel {
  readonly sent: { content: Record<string, unknown>; buffers: ArrayBuffer[] }[] = [];
  private _listener: ((content: unknown, buffers?: DataView[]) => void) | null = null;

  send(content: unknown, _callbacks?: unknown, buffers: ArrayBuffer[] = []): void {
    this.sent.push({ content: content as Record<string, unknown>, buffers });
  }

  on(_event: string, listener: (content: unknown, buffers?: DataView[]) => void): void {
    this._listener = listener;
  }

  off(): void {
    this._listener = null;
  }

  says(content: unknown, buffers?: DataView[]): void {
    this._listener?.(content, buffers);
  }

  async asked(n: number): Promise<Record<string, unknown>> {
    await vi.waitFor(() => expect(this.sent.length).toBeGreaterThanOrEqual(n));
    return this.sent[n - 1].content;
  }
}

afterEach(() => {
  vi.useRealTimers();
});

describe('CommTransport', () => {
  it('matches answers to requests, in whatever order they come', async () => {
    const kernel = new Kernel();
    const transport = new CommTransport(kernel);
    const first = transport.request({ method: 'GET', path: '/a', query: { x: [1, 2] } });
    const second = transport.request({ method: 'GET', path: '/b' });
    const [a, b] = [await kernel.asked(1), await kernel.asked(2)];
    expect(a).toMatchObject({ kind: 'request', path: '/a', query: 'x=1&x=2' });
    kernel.says({ kind: 'answer', id: b.id, status: 404, body: { title: 'no' } });
    kernel.says({ kind: 'answer', id: a.id, body: 1 });
    expect(await second).toMatchObject({ status: 404, body: { title: 'no' } });
    expect(await first).toMatchObject({ status: 200, body: 1 });
  });

  it('carries bytes as buffers, both ways', async () => {
    const kernel = new Kernel();
    const transport = new CommTransport(kernel);
    const body = new Uint8Array([0, 1, 2, 3]).subarray(1, 3);
    const asked = transport.request({ method: 'PUT', path: '/p', body, as: 'bytes' });
    const { id } = await kernel.asked(1);
    expect([...new Uint8Array(kernel.sent[0].buffers[0])]).toEqual([1, 2]);
    const reply = new DataView(new Uint8Array([9, 7, 8]).buffer, 1);
    kernel.says({ kind: 'answer', id, status: 206 }, [reply]);
    expect((await asked).body).toEqual(new Uint8Array([7, 8]));
  });

  it('tells the kernel what was given up, and takes no late answer', async () => {
    const kernel = new Kernel();
    const giveUp = new AbortController();
    const asked = new CommTransport(kernel).request({
      method: 'GET',
      path: '/a',
      signal: giveUp.signal
    });
    const { id } = await kernel.asked(1);
    giveUp.abort(new Error('enough'));
    await expect(asked).rejects.toThrow('enough');
    expect(await kernel.asked(2)).toEqual({ kind: 'cancel', id });
    kernel.says({ kind: 'answer', id, body: 1 });
  });

  it('tells when the kernel is busy, and when it goes on', async () => {
    vi.useFakeTimers();
    const kernel = new Kernel();
    const transport = new CommTransport(kernel);
    const told: boolean[] = [];
    transport.onSlow = waits => told.push(waits);
    const asked = transport.request({ method: 'GET', path: '/a' });
    await vi.advanceTimersByTimeAsync(1500);
    expect(told).toEqual([true]);
    kernel.says({ kind: 'answer', id: kernel.sent[0].content.id, body: 1 });
    await asked;
    expect(told).toEqual([true, false]);
  });

  it('ends what waits when the widget is closed', async () => {
    const kernel = new Kernel();
    const transport = new CommTransport(kernel);
    const asked = transport.request({ method: 'GET', path: '/a' });
    await kernel.asked(1);
    transport.dispose();
    await expect(asked).rejects.toBeInstanceOf(Unreachable);
  });
});
