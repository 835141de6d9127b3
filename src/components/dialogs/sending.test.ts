import { Blob as NodeBlob } from 'node:buffer';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';

import { Unreachable } from '../../api/errors';
import { SpokenFeed, recordedClient } from '../../testing/recorded';
import type { IHost } from '../host';
import { type IBegun, dropUpload, sendFile } from './sending';

const REQUEST = { atlas: 'a', dataset_id: 'd', data_format: 'txt', suffix: '', check: true };

/** A catalog that takes uploads in one part, and loses the answers to as many as it is told. */
function catalog(lost: number) {
  const { client, transport } = recordedClient();
  const feed = new SpokenFeed();
  const state = { status: 201, headers: {}, body: { upload: 'u1', part_size: 99, parts: [] } };
  transport.answer('POST', /^\/uploads$/, () => state);
  transport.answer('GET', /^\/uploads\/u1$/, () => state);
  transport.answer('DELETE', /^\/uploads\/u1$/, () => ({ status: 204, headers: {}, body: null }));
  transport.answer('PUT', /parts/, () => {
    if (lost-- > 0) {
      throw new Unreachable('The connection broke.');
    }
    return { status: 204, headers: {}, body: null };
  });
  return { host: { client, feed } as unknown as IHost, transport, feed };
}

/** Node's own Blob, which can be read as a browser's file can. */
const file = new NodeBlob(['0123456789']) as unknown as File;

// A part is tried five times, with pauses that grow.
const TRIES = 5;
const soon = (check: () => void) =>
  vi.waitFor(
    () => {
      vi.advanceTimersByTime(5000);
      check();
    },
    { interval: 10 }
  );

describe('sending a file', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('waits for the connection, and goes on with the same upload', async () => {
    const { host, transport, feed } = catalog(TRIES);
    const said: string[] = [];
    const sent = sendFile(file, REQUEST, {
      host,
      signal: new AbortController().signal,
      begun: {},
      onSent: bytes => said.push(`sent ${bytes}`),
      onWaiting: bytes => {
        said.push(`waiting at ${bytes}`);
        queueMicrotask(() => feed.set({ state: 'connected' }));
      }
    });
    await soon(() => expect(said.at(-1)).toBe('sent 10'));
    expect(await sent).toBe('u1');
    expect(said).toEqual(['sent 0', 'waiting at 0', 'sent 0', 'sent 10']);
    expect(transport.sent('POST', /^\/uploads$/)).toHaveLength(1);
    expect(transport.sent('GET', /^\/uploads\/u1$/)).toHaveLength(1);
  });

  it('leaves nothing behind where it is given up while it waits', async () => {
    const { host, transport } = catalog(Infinity);
    const stop = new AbortController();
    const begun: IBegun = {};
    const sent = sendFile(file, REQUEST, {
      host,
      signal: stop.signal,
      begun,
      onSent: () => undefined,
      onWaiting: () => queueMicrotask(() => stop.abort(new DOMException('', 'AbortError')))
    });
    const refused = expect(sent).rejects.toThrow();
    await soon(() => expect(stop.signal.aborted).toBe(true));
    await refused;
    expect(begun.upload).toBe('u1');
    await dropUpload(host, begun);
    expect(transport.sent('DELETE', /^\/uploads\/u1$/)).toHaveLength(1);
  });
});
