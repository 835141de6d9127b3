/**
 * Requests over a widget's comm, which the kernel answers.
 *
 * The front end sends `request`, `cancel` and `listen` (`on`: whether it wants to hear of changes);
 * the kernel sends `answer`, whose buffer is the JSON or the bytes, and `event`: `changes` (a list,
 * or null where all that is shown is to be read again) and `connection`.
 */

import { Unreachable } from './errors';
import { type IAnswer, type IRequest, type ITransport, queryOf } from './transport';

/** What of an anywidget model is used here. */
export interface IChannel {
  send(content: unknown, callbacks?: unknown, buffers?: ArrayBuffer[]): void;
  on(event: 'msg:custom', listener: Listener): void;
  off(event: 'msg:custom', listener: Listener): void;
}

type Listener = (content: unknown, buffers?: DataView[]) => void;

interface IReply {
  kind: 'answer' | 'event';
  id?: number;
  status?: number;
  headers?: Record<string, string>;
  body?: unknown;
  topic?: string;
}

interface IWaiting {
  request: IRequest;
  resolve: (answer: IAnswer) => void;
  reject: (reason: unknown) => void;
  done: () => void;
}

/** A kernel answers in its own time: a request that waits longer tells {@link onSlow}. */
const SLOW_MS = 1000;

export class CommTransport implements ITransport {
  constructor(private readonly _channel: IChannel) {
    _channel.on('msg:custom', this._receive);
  }

  /** Called with whether the kernel keeps a request waiting. */
  onSlow: ((waits: boolean) => void) | null = null;

  async request(request: IRequest): Promise<IAnswer> {
    request.signal?.throwIfAborted();
    const bytes = await bytesOf(request.body);
    return new Promise<IAnswer>((resolve, reject) => {
      const id = this._next++;
      const giveUp = () => {
        this._channel.send({ kind: 'cancel', id });
        this._settle(id)?.reject(request.signal?.reason);
      };
      const slow = setTimeout(() => this.onSlow?.(true), SLOW_MS);
      const done = () => {
        clearTimeout(slow);
        request.signal?.removeEventListener('abort', giveUp);
      };
      request.signal?.addEventListener('abort', giveUp, { once: true });
      this._waiting.set(id, { request, resolve, reject, done });
      this._channel.send(
        {
          kind: 'request',
          id,
          method: request.method,
          path: request.path,
          query: queryOf(request.query).slice(1),
          headers: request.headers ?? {},
          as: request.as ?? 'json',
          body: bytes ? undefined : request.body
        },
        undefined,
        bytes ? [bytes] : []
      );
    });
  }

  /** Say whether the kernel shall tell of changes; the first time before anything is read. */
  listen(on: boolean): void {
    this._channel.send({ kind: 'listen', on });
  }

  /** Listen to what the kernel tells of by itself. */
  onEvent(topic: string, listener: (body: unknown) => void): () => void {
    const entry = { topic, listener };
    this._events.add(entry);
    return () => this._events.delete(entry);
  }

  address(): null {
    return null;
  }

  dispose(): void {
    this._channel.off('msg:custom', this._receive);
    for (const id of [...this._waiting.keys()]) {
      this._settle(id)?.reject(new Unreachable('The widget was closed.'));
    }
  }

  private _settle(id: number): IWaiting | undefined {
    const waiting = this._waiting.get(id);
    this._waiting.delete(id);
    waiting?.done();
    if (this._waiting.size === 0) {
      this.onSlow?.(false);
    }
    return waiting;
  }

  private readonly _receive: Listener = (content, buffers) => {
    const reply = content as IReply;
    if (reply.kind === 'event') {
      this._events.forEach(entry => entry.topic === reply.topic && entry.listener(reply.body));
      return;
    }
    if (reply.kind !== 'answer' || reply.id === undefined) {
      return;
    }
    const waiting = this._settle(reply.id);
    if (!waiting) {
      return; // given up meanwhile
    }
    const status = reply.status ?? 200;
    const data = buffers?.[0];
    const isBytes = waiting.request.as === 'bytes' && status < 300;
    const bytes = data && new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const json = bytes && !isBytes ? parsed(bytes) : reply.body;
    const body = isBytes ? (bytes ?? new Uint8Array()) : json;
    waiting.resolve({ status, headers: reply.headers ?? {}, body });
  };

  private _next = 1;
  private readonly _waiting = new Map<number, IWaiting>();
  private readonly _events = new Set<{ topic: string; listener: (body: unknown) => void }>();
}

function parsed(bytes: Uint8Array): unknown {
  try {
    return JSON.parse(new TextDecoder().decode(bytes)) as unknown;
  } catch {
    return { title: undefined };
  }
}

async function bytesOf(body: unknown): Promise<ArrayBuffer | null> {
  if (body instanceof Blob) {
    return body.arrayBuffer();
  }
  if (body instanceof ArrayBuffer) {
    return body;
  }
  if (ArrayBuffer.isView(body)) {
    return new Uint8Array(body.buffer, body.byteOffset, body.byteLength).slice().buffer;
  }
  return null;
}
