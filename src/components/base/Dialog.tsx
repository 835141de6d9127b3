/** Dialogs: a question, what it is about, and what can be answered. */

import {
  useEffect,
  useId,
  useRef,
  useState,
  type FormEvent,
  type ReactNode,
  type RefObject
} from 'react';
import { asCatalogError, isAborted, type CatalogError } from '../../api/errors';
import { Button } from './Button';
import { classes } from './classes';
import { useFocusInside, wrapTab, type Show } from './focus';
import { useWords } from './host';
import { Note } from './Note';
import { STAYS_INSIDE } from './Popover';

export interface IDialogProps {
  /** The question: "Roll back to v2?". */
  title: ReactNode;
  /** It was left by Escape, or by a button of it. */
  onClose: () => void;
  /** The Enter key in a field, and the submit button, do this. */
  onSubmit?: () => void;
  /** Its buttons, the one that repeats the title's verb last. */
  actions?: ReactNode;
  /** What stands left of the buttons: how many things are to be settled first. */
  note?: ReactNode;
  size?: 'small' | 'normal' | 'wide';
  /** What has the focus first; default: what is marked so (`first`), else the first field. */
  initialFocus?: RefObject<HTMLElement>;
  className?: string;
  children?: ReactNode;
}

export function Dialog(props: IDialogProps) {
  const { title, onClose, onSubmit, actions, note, size = 'normal', initialFocus } = props;
  const titleId = useId();
  const dialog = useRef<HTMLDialogElement>(null);
  useFocusInside(dialog, initialFocus, showModal);
  useCancel(dialog, onClose);

  const submit = (event: FormEvent) => {
    event.preventDefault();
    // A form of what is behind it in the document is not sent too.
    event.stopPropagation();
    onSubmit?.();
  };
  return (
    <dialog
      ref={dialog}
      className={classes('omicshelf-dialog', `omicshelf-mod-${size}`, props.className)}
      aria-modal="true"
      aria-labelledby={titleId}
      tabIndex={-1}
      onKeyDown={event => {
        event.stopPropagation();
        if (event.key === 'Escape') {
          event.preventDefault();
          onClose();
        } else {
          wrapTab(event, event.currentTarget);
        }
      }}
      {...STAYS_INSIDE}
    >
      <form className="omicshelf-dialog-form" onSubmit={submit} noValidate>
        <h2 id={titleId} className="omicshelf-dialog-title">
          {title}
        </h2>
        <div className="omicshelf-dialog-body">{props.children}</div>
        {(actions || note) && (
          <footer className="omicshelf-dialog-footer">
            <div className="omicshelf-dialog-note">{note}</div>
            <div className="omicshelf-dialog-actions">{actions}</div>
          </footer>
        )}
      </form>
    </dialog>
  );
}

// In the browser's top layer, with everything behind it out of reach.
const showModal: Show = element => {
  const dialog = element as HTMLDialogElement;
  if (typeof dialog.showModal !== 'function') {
    dialog.setAttribute('open', '');
    return () => dialog.removeAttribute('open');
  }
  dialog.showModal();
  return () => dialog.close();
};

/** The browser may close it by itself (a phone's gesture for back): that is ours to decide. */
function useCancel(dialog: RefObject<HTMLDialogElement>, onClose: () => void): void {
  const close = useRef(onClose);
  close.current = onClose;
  useEffect(() => {
    const element = dialog.current;
    const cancelled = (event: Event) => {
      event.preventDefault();
      close.current();
    };
    element?.addEventListener('cancel', cancelled);
    return () => element?.removeEventListener('cancel', cancelled);
  }, [dialog]);
}

export interface IConfirmProps {
  /** The question: "Delete pbmc3k?". */
  title: ReactNode;
  /** What happens then, and what does not. */
  children?: ReactNode;
  /** The button, with the title's verb: "Delete pbmc3k". */
  action: string;
  destructive?: boolean;
  /** It is done when this ends; what it throws is shown, and the dialog stays. */
  onConfirm: () => Promise<void> | void;
  onClose: () => void;
}

/** Ask before something is done, and stay until it is. */
export function Confirm({ title, children, action, destructive, ...does }: IConfirmProps) {
  const t = useWords();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CatalogError | null>(null);
  const confirm = async () => {
    setBusy(true);
    setError(null);
    try {
      await does.onConfirm();
      does.onClose();
    } catch (reason) {
      setBusy(false);
      setError(isAborted(reason) ? null : asCatalogError(reason));
    }
  };
  return (
    <Dialog
      title={title}
      size="small"
      onClose={does.onClose}
      onSubmit={() => void confirm()}
      actions={
        <>
          <Button look="cancel" onClick={does.onClose} first={destructive}>
            {t('Cancel')}
          </Button>
          <Button
            look={destructive ? 'destructive' : 'primary'}
            type="submit"
            busy={busy}
            first={!destructive}
          >
            {action}
          </Button>
        </>
      }
    >
      {children}
      {error && (
        <Note kind="error" title={error.title}>
          {error.detail}
        </Note>
      )}
    </Dialog>
  );
}
