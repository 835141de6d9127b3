/** Files from the browser into the catalog, in parts, each with its hash. */

import { createBLAKE3 } from 'hash-wasm';

import type { CatalogClient } from './client';
import { CatalogError, Unreachable } from './errors';
import type { UploadRequest, UploadState } from './records';
import { pathOf } from './transport';

const HASH = 'X-Omicshelf-Blake3';
const BLOCK = 4 << 20;
const TRIES = 5;
const FIRST_PAUSE_MS = 500;

/** Bytes that lie elsewhere, and are fetched part by part. */
export interface IFarBytes {
  readonly size: number;
  /** Give the bytes from `start` to before `end`. */
  part(start: number, end: number, signal?: AbortSignal): Promise<Blob>;
}

export interface IUploadOptions {
  /** Called with the bytes that have arrived. */
  onProgress?: (sent: number) => void;
  /** Called with the id of the upload, with which it can go on after a lost connection. */
  onBegun?: (id: string) => void;
  /** The upload that was begun before: only what is missing of it is sent. */
  resume?: string;
  signal?: AbortSignal;
}

/**
 * Send a file; give the id of the upload, for the request that makes something of it.
 *
 * @param request What it is for; its size is taken from the file.
 * @throws CatalogError What the server says of the file, or that the file changed or vanished.
 */
export async function upload(
  client: CatalogClient,
  file: Blob | IFarBytes,
  request: Omit<UploadRequest, 'size' | 'chunked'>,
  options: IUploadOptions = {}
): Promise<string> {
  const { signal, onProgress } = options;
  const state = options.resume
    ? await client._ask<UploadState>('GET', pathOf('uploads', options.resume), { signal })
    : await client._ask<UploadState>('POST', '/uploads', {
        body: { ...request, size: file.size, chunked: false },
        signal
      });
  options.onBegun?.(state.upload);
  const there = new Set(state.parts);
  try {
    let sent = 0;
    for (let number = 0; number * state.part_size < file.size; number++) {
      const start = number * state.part_size;
      const end = Math.min(start + state.part_size, file.size);
      if (!there.has(number)) {
        const part = 'part' in file ? await file.part(start, end, signal) : file.slice(start, end);
        await sendPart(client, state.upload, number, part, signal);
      }
      sent += end - start;
      onProgress?.(sent);
    }
  } catch (reason) {
    // Nothing is left behind where it was given up; a lost connection may come back.
    if (!(reason instanceof Unreachable)) {
      giveUp(client, state.upload);
    }
    throw reason;
  }
  return state.upload;
}

/** Remove what has arrived of an upload of which nothing will be made; nobody waits for that. */
export function giveUp(client: CatalogClient, id: string): void {
  // Where it does not get there, the server removes it when its time is over.
  client._ask('DELETE', pathOf('uploads', id), {}).catch(() => undefined);
}

async function sendPart(
  client: CatalogClient,
  id: string,
  number: number,
  part: Blob,
  signal: AbortSignal | undefined
): Promise<void> {
  const hash = await hashOf(part, signal);
  const path = pathOf('uploads', id, 'parts', String(number));
  for (let attempt = 1; ; attempt++) {
    try {
      await client._ask('PUT', path, { body: part, headers: { [HASH]: hash }, signal });
      return;
    } catch (reason) {
      // The same part may be sent again.
      if (!(reason instanceof Unreachable) || attempt === TRIES) {
        throw reason;
      }
      await pause(FIRST_PAUSE_MS * 2 ** (attempt - 1), signal);
    }
  }
}

async function hashOf(part: Blob, signal: AbortSignal | undefined): Promise<string> {
  const hasher = await createBLAKE3();
  hasher.init();
  for (let start = 0; start < part.size; start += BLOCK) {
    signal?.throwIfAborted();
    let block: ArrayBuffer;
    try {
      block = await part.slice(start, start + BLOCK).arrayBuffer();
    } catch {
      throw new CatalogError(
        'The file cannot be read any more.',
        'It was moved, changed or is a folder: choose it again.',
        'Invalid',
        0
      );
    }
    hasher.update(new Uint8Array(block));
  }
  return hasher.digest('hex');
}

function pause(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    const giveUp = () => {
      clearTimeout(timer);
      reject(signal?.reason as Error);
    };
    signal?.addEventListener('abort', giveUp, { once: true });
  });
}
