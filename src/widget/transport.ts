/** The kernel behind a widget: whether it answers, is at work, or is gone. */

import { Unreachable } from '../api/errors';
import { CommTransport, type IChannel } from '../api/comm';
import type { IAnswer, IRequest, ITransport } from '../api/transport';

/** `busy`: a cell runs, and what was asked waits. `gone`: it was restarted, or shut down. */
export type KernelState = 'ready' | 'busy' | 'gone';

/** What of a widget's model tells that its comm was cut or tied again. */
export interface IModelEvents {
  on(event: string, listener: () => void): void;
  off(event: string, listener: () => void): void;
}

// A kernel that is not at work says hello at once, however much it is asked besides.
const ANSWERS_WITHIN_MS = 1000;

/** Requests over a comm, which fail where there is nobody to answer them instead of waiting. */
export class KernelTransport implements ITransport {
  constructor(
    private readonly _channel: IChannel,
    private readonly _events: IModelEvents
  ) {
    this.comm = new CommTransport({
      on: _channel.on.bind(_channel),
      off: _channel.off.bind(_channel),
      send: this._send
    });
    this.comm.onSlow = waits => waits && this._greet();
    this.comm.onEvent('hello', this._greeted);
    _events.on('comm_live_update', this._moved);
    _events.on('comm:close', this._lost);
  }

  /** What the changes of the catalog are told through. */
  readonly comm: CommTransport;
  state: KernelState = 'ready';

  onState(listener: () => void): () => void {
    this._listeners.add(listener);
    return () => this._listeners.delete(listener);
  }

  request(request: IRequest): Promise<IAnswer> {
    return this.state === 'gone' ? Promise.reject(gone()) : this._asked(request);
  }

  address(): null {
    return null;
  }

  dispose(): void {
    this._events.off('comm_live_update', this._moved);
    this._events.off('comm:close', this._lost);
    clearTimeout(this._greeting);
    this.comm.dispose();
    this._leave();
  }

  /** The comm's own signals, and the end of the kernel, whichever comes first. */
  private _asked(request: IRequest): Promise<IAnswer> {
    return new Promise((resolve, reject) => {
      const leave = () => reject(gone());
      this._waiting.add(leave);
      const done = () => this._waiting.delete(leave);
      this.comm.request(request).then(resolve, reject).finally(done);
    });
  }

  /** A comm that was cut throws. */
  private readonly _send: IChannel['send'] = (content, callbacks, buffers) => {
    try {
      this._channel.send(content, callbacks, buffers);
    } catch {
      this._lost();
    }
  };

  /** Something takes long: is it the catalog, or a cell that runs? */
  private _greet(): void {
    if (this._greeting !== undefined) {
      return;
    }
    this._greeting = setTimeout(
      () => this.state === 'ready' && this._set('busy'),
      ANSWERS_WITHIN_MS
    );
    this._send({ kind: 'hello' });
  }

  private readonly _greeted = () => {
    clearTimeout(this._greeting);
    this._greeting = undefined;
    this._set('ready');
  };

  /** The model does not say which way it moved; an answer does. */
  private readonly _moved = () => {
    this._lost();
    this._send({ kind: 'hello' });
  };

  private readonly _lost = () => {
    this._set('gone');
    this._leave();
  };

  private _leave(): void {
    [...this._waiting].forEach(leave => leave());
  }

  private _set(state: KernelState): void {
    if (this.state === state) {
      return;
    }
    this.state = state;
    this._listeners.forEach(listener => listener());
  }

  private _greeting: ReturnType<typeof setTimeout> | undefined;
  private readonly _waiting = new Set<() => void>();
  private readonly _listeners = new Set<() => void>();
}

function gone(): Unreachable {
  return new Unreachable('The kernel of this widget is gone.', 'Run its cell again.');
}
