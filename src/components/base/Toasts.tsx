/** Notices that go away by themselves, with Undo where there is one. */

import { useEffect, useRef, useState, useSyncExternalStore } from 'react';
import { asCatalogError } from '../../api/errors';
import type { INotice } from '../host';
import { Button, LinkButton } from './Button';
import { classes } from './classes';
import { CopyButton } from './CodeLine';
import { useWords } from './host';
import { Icon } from './icons';
import { NOTE_ICONS } from './Note';
import { Text } from './text';

export interface IToast extends INotice {
  id: number;
}

// As many are shown; more would cover what people work with.
const SHOWN_AT_MOST = 4;

/** The notices of a place; a host gives `queue.add` as its `notify`. */
export class ToastQueue {
  private toasts: readonly IToast[] = [];
  private readonly listeners = new Set<() => void>();
  private last = 0;

  readonly add = (notice: INotice): number => {
    this.last += 1;
    const toast = { ...notice, id: this.last };
    // The same again is not told twice.
    const others = this.toasts.filter(
      other => other.text !== notice.text || other.undo || notice.undo
    );
    this.set([...others, toast].slice(-SHOWN_AT_MOST));
    return toast.id;
  };

  readonly remove = (id: number): void => {
    this.set(this.toasts.filter(toast => toast.id !== id));
  };

  readonly all = (): readonly IToast[] => this.toasts;

  readonly subscribe = (listener: () => void): (() => void) => {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  };

  private set(toasts: readonly IToast[]): void {
    this.toasts = toasts;
    this.listeners.forEach(listener => listener());
  }
}

export function ToastStack({ queue }: { queue: ToastQueue }) {
  const t = useWords();
  const toasts = useSyncExternalStore(queue.subscribe, queue.all);
  return (
    <section className="omicshelf-toasts" aria-label={t('Notices')} aria-live="polite">
      {toasts.map(toast => (
        <Toast key={toast.id} toast={toast} queue={queue} />
      ))}
    </section>
  );
}

const SECONDS = { undo: 10, done: 5, info: 8, error: Infinity };

function Toast({ toast, queue }: { toast: IToast; queue: ToastQueue }) {
  const t = useWords();
  const [held, setHeld] = useState(false);
  const [busy, setBusy] = useState(false);
  const left = useCountdown(toast.undo ? SECONDS.undo : SECONDS[toast.kind], held || busy, () =>
    queue.remove(toast.id)
  );
  const undo = async () => {
    setBusy(true);
    try {
      await toast.undo?.();
      queue.remove(toast.id);
    } catch (reason) {
      const { title, detail } = asCatalogError(reason);
      queue.remove(toast.id);
      queue.add({
        kind: 'error',
        text: t('It could not be undone: {why}', { why: title }),
        detail
      });
    }
  };
  const { name, tone } = NOTE_ICONS[toast.kind];
  return (
    // It waits while it is looked at: no action of its own.

    <div
      className={classes('omicshelf-toast', `omicshelf-mod-${toast.kind}`)}
      onPointerEnter={() => setHeld(true)}
      onPointerLeave={() => setHeld(false)}
      onFocus={() => setHeld(true)}
      onBlur={() => setHeld(false)}
    >
      {toast.kind === 'error' && <Icon name={name} tone={tone} label={t('Error')} />}
      <div className="omicshelf-toast-words">
        <Text as="div" text={toast.text} title={toast.text} wrap />
        {toast.detail && (
          <Text as="div" className="omicshelf-dim" text={toast.detail} title={toast.detail} lines />
        )}
      </div>
      {toast.undo && (
        <LinkButton
          className="omicshelf-toast-undo"
          label={t('Undo: {what}', { what: toast.text })}
          disabled={busy}
          onClick={() => void undo()}
        >
          <strong>{t('Undo')}</strong>{' '}
          <span className="omicshelf-number">{t('{n} s', { n: left })}</span>
        </LinkButton>
      )}
      {toast.kind === 'error' && (
        <CopyButton text={[toast.text, toast.detail].filter(Boolean).join('\n')} />
      )}
      <Button icon="close" label={t('Dismiss')} onClick={() => queue.remove(toast.id)} />
    </div>
  );
}

/** Count down whole seconds while it is not held and the page is seen, and then end. */
function useCountdown(seconds: number, held: boolean, onEnd: () => void): number {
  const [left, setLeft] = useState(seconds);
  const end = useRef(onEnd);
  end.current = onEnd;
  useEffect(() => {
    if (held || !Number.isFinite(seconds)) {
      return undefined;
    }
    const timer = setInterval(() => {
      if (!document.hidden) {
        setLeft(n => n - 1);
      }
    }, 1000);
    return () => clearInterval(timer);
  }, [held, seconds]);
  useEffect(() => {
    if (left <= 0) {
      end.current();
    }
  }, [left]);
  return left;
}
