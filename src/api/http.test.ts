import { describe, expect, it, vi } from 'vitest';

import { CatalogClient } from './client';
import { CatalogError, Unreachable } from './errors';
import { HttpTransport, type Send } from './http';

function client(send: Send): CatalogClient {
  return new CatalogClient(new HttpTransport({ baseUrl: 'http://host/base/', send }), 'test');
}

function json(body: unknown, status = 200, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), { status, headers });
}

describe('HttpTransport', () => {
  it('asks below the server’s address', async () => {
    const send = vi.fn<Send>(() => Promise.resolve(json({ studies: ['S/1'] })));
    expect(await client(send).studies('a b')).toEqual(['S/1']);
    expect(send.mock.calls[0][0]).toBe('http://host/base/omicshelf/api/v1/atlases/a%20b/studies');
  });

  it('gives the entity tag, and sends it with a change, which says where it was made', async () => {
    const send = vi.fn<Send>(() =>
      Promise.resolve(json({ dataset_id: 'd' }, 200, { etag: '"1"' }))
    );
    const catalog = client(send);
    const { etag } = await catalog.dataset({ atlas: 'a', id: 'd' });
    await catalog.update({ atlas: 'a', id: 'd' }, { metadata: { x: 1 } }, etag);
    const init = send.mock.calls[1][1];
    const headers = init.headers as Record<string, string>;
    expect(headers['If-Match']).toBe('"1"');
    expect(JSON.parse(atob(headers['X-Omicshelf-Origin']))).toEqual({ interface: 'test' });
    expect(JSON.parse(init.body as string)).toEqual({ dataset_id: 'd', metadata: { x: 1 } });
  });

  it('gives the server’s own words as an error', async () => {
    const body = { title: 'No dataset ‘x’.', detail: 'Look for it.', kind: 'NotFound' };
    const asked = client(() => Promise.resolve(json(body, 404))).dataset({ atlas: 'a', id: 'x' });
    await expect(asked).rejects.toMatchObject({ ...body, status: 404 });
  });

  it('takes an answer of a proxy for no answer', async () => {
    const gateway = () =>
      Promise.resolve(new Response('<html>Bad gateway</html>', { status: 502 }));
    await expect(client(gateway).info()).rejects.toBeInstanceOf(Unreachable);
  });

  it('says when nobody answers', async () => {
    const asked = client(() => Promise.reject(new TypeError('Failed to fetch'))).info();
    await expect(asked).rejects.toBeInstanceOf(Unreachable);
  });

  it('is no error of the catalog when it is given up', async () => {
    const giveUp = new AbortController();
    const waits: Send = (_url, init) =>
      new Promise((_resolve, reject) => {
        init.signal?.addEventListener('abort', () => reject(new DOMException('', 'AbortError')));
      });
    const asked = client(waits).info(giveUp.signal);
    giveUp.abort();
    await expect(asked).rejects.not.toBeInstanceOf(CatalogError);
  });

  it('reads the beginning of bytes, and an empty file', async () => {
    const send = vi.fn<Send>(() => Promise.resolve(new Response('abc', { status: 206 })));
    expect(await client(send).bytes('/x', 3)).toEqual(new Uint8Array([97, 98, 99]));
    expect((send.mock.calls[0][1].headers as Record<string, string>).Range).toBe('bytes=0-2');
    const empty = client(() => Promise.resolve(json({ title: 'outside' }, 416)));
    expect(await empty.bytes('/x', 3)).toEqual(new Uint8Array());
  });
});
