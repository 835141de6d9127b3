import { blake3 } from 'hash-wasm';
import { describe, expect, it } from 'vitest';

import { CatalogClient } from './client';
import { Unreachable } from './errors';
import type { IAnswer, IRequest, ITransport } from './transport';
import { upload } from './upload';

/** Takes uploads in parts of four bytes, as the server does in larger ones. */
class Server implements ITransport {
  readonly parts = new Map<number, Uint8Array>();
  readonly asked: string[] = [];
  lost = 0; // answers to parts that do not arrive

  async request(request: IRequest): Promise<IAnswer> {
    request.signal?.throwIfAborted();
    this.asked.push(`${request.method} ${request.path}`);
    const answer = (status: number, body?: unknown) => ({ status, headers: {}, body });
    if (request.path === '/uploads' || request.method === 'GET') {
      return answer(201, { upload: 'u1', part_size: 4, parts: [...this.parts.keys()] });
    }
    if (request.method === 'DELETE') {
      return answer(204);
    }
    const bytes = await read(request.body as Blob);
    if (this.lost-- > 0) {
      throw new Unreachable('The connection broke.');
    }
    if (request.headers!['X-Omicshelf-Blake3'] !== (await blake3(bytes))) {
      return answer(400, { title: 'Other bytes.', kind: 'Invalid' });
    }
    this.parts.set(Number(request.path.split('/').at(-1)), bytes);
    return answer(204);
  }

  address(): null {
    return null;
  }

  dispose(): void {
    this.parts.clear();
  }
}

// jsdom's Blob has no arrayBuffer.
async function read(blob: Blob): Promise<Uint8Array> {
  return new Uint8Array(await new Response(blob).arrayBuffer());
}

const WHAT = { atlas: 'a', dataset_id: 'd', data_format: 'txt', suffix: '', check: true };

describe('upload', () => {
  const server = () => {
    const made = new Server();
    return { made, client: new CatalogClient(made, 'test') };
  };

  it('sends every part with its hash, and tells how far it is', async () => {
    const { made, client } = server();
    const told: number[] = [];
    const file = new NodeBlob(['0123456789']);
    expect(await upload(client, file, WHAT, { onProgress: n => told.push(n) })).toBe('u1');
    expect([...made.parts.values()].map(part => new TextDecoder().decode(part))).toEqual([
      '0123',
      '4567',
      '89'
    ]);
    expect(told).toEqual([4, 8, 10]);
  });

  it('takes an empty file', async () => {
    const { made, client } = server();
    expect(await upload(client, new NodeBlob([]), WHAT)).toBe('u1');
    expect(made.parts.size).toBe(0);
  });

  it('sends a part again that was lost, and none that is there', async () => {
    const { made, client } = server();
    made.parts.set(0, new Uint8Array([48, 49, 50, 51]));
    made.lost = 1;
    await upload(client, new NodeBlob(['01234567']), WHAT);
    const puts = made.asked.filter(line => line.startsWith('PUT'));
    expect(puts).toEqual(['PUT /uploads/u1/parts/1', 'PUT /uploads/u1/parts/1']);
  });

  it('goes on with an upload that was begun before', async () => {
    const { made, client } = server();
    made.parts.set(0, new Uint8Array([48, 49, 50, 51]));
    const begun: string[] = [];
    const options = { resume: 'u1', onBegun: (id: string) => begun.push(id) };
    await upload(client, new NodeBlob(['01234567']), WHAT, options);
    expect(made.asked).toEqual(['GET /uploads/u1', 'PUT /uploads/u1/parts/1']);
    expect(begun).toEqual(['u1']);
  });

  it('leaves nothing behind when it is given up', async () => {
    const { made, client } = server();
    const giveUp = new AbortController();
    const sending = upload(client, new NodeBlob(['0123456789']), WHAT, {
      signal: giveUp.signal,
      onProgress: () => giveUp.abort(new DOMException('', 'AbortError'))
    });
    await expect(sending).rejects.toThrow();
    expect(made.asked.at(-1)).toBe('DELETE /uploads/u1');
    expect(made.parts.size).toBe(1);
  });
});

/** Node's own Blob, which can be read as a browser's can. */
const NodeBlob = (await import('node:buffer')).Blob as unknown as typeof Blob;
