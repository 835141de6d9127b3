/** Bring the bytes of a file to the catalog over a connection that comes and goes. */

import { Unreachable } from '../../api/errors';
import type { UploadRequest } from '../../api/records';
import type { IFarBytes } from '../../api/upload';
import type { IHost } from '../host';

/** The upload that the server keeps for a file; kept by whoever sends, to drop it at last. */
export interface IBegun {
  upload?: string;
}

export interface ISendFile {
  host: IHost;
  signal: AbortSignal;
  begun: IBegun;
  /** So many bytes have arrived; the first call comes before the first byte. */
  onSent: (bytes: number) => void;
  onWaiting: (bytes: number) => void;
}

/** Send the bytes; a lost connection is waited for, and what has arrived is not sent again. */
export function sendFile(
  file: File | IFarBytes,
  request: Omit<UploadRequest, 'size' | 'chunked'>,
  sending: ISendFile
): Promise<string> {
  const { host, signal, begun } = sending;
  let sent = 0;
  const onSent = (bytes: number) => {
    sent = bytes;
    sending.onSent(bytes);
  };
  const act = async () => {
    // Its hash function is loaded when the first file is sent.
    const { upload } = await import('../../api/upload');
    onSent(sent);
    try {
      return await upload(host.client, file, request, {
        signal,
        resume: begun.upload,
        onBegun: name => {
          begun.upload = name;
        },
        onProgress: onSent
      });
    } catch (reason) {
      if (!(reason instanceof Unreachable)) {
        begun.upload = undefined; // it has removed it itself
      }
      throw reason;
    }
  };
  return whenReachable(host, signal, () => sending.onWaiting(sent), act);
}

/** What has arrived is not left behind where nothing came of it; nobody waits for that. */
export async function dropUpload(host: IHost, { upload }: IBegun): Promise<void> {
  if (upload !== undefined) {
    const { giveUp } = await import('../../api/upload');
    giveUp(host.client, upload);
  }
}

/** Do it, and do it again whenever the catalog is back. */
export async function whenReachable<T>(
  host: IHost,
  signal: AbortSignal,
  onWaiting: () => void,
  act: () => Promise<T>
): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (reason) {
      if (!(reason instanceof Unreachable) || signal.aborted) {
        throw reason;
      }
      onWaiting();
      await reachable(host, signal);
    }
  }
}

const LOOK_AGAIN_MS = 5000;

/** Wait until the feed is connected again, or a while where it has not noticed anything. */
function reachable({ feed }: IHost, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const end = (settle: () => void) => {
      clearTimeout(timer);
      unsubscribe();
      signal.removeEventListener('abort', stopped);
      settle();
    };
    const stopped = () => end(() => reject(signal.reason as Error));
    const timer = setTimeout(() => end(resolve), LOOK_AGAIN_MS);
    const unsubscribe = feed.onConnection(
      () => feed.connection.state === 'connected' && end(resolve)
    );
    signal.addEventListener('abort', stopped, { once: true });
  });
}
