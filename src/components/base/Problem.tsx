/** Something does not work: what, what still does, and what to do. */

import { useEffect, useRef, useState, type ReactNode } from 'react';
import type { CatalogError } from '../../api/errors';
import { Button, LinkButton } from './Button';
import { CopyButton } from './CodeLine';
import { useWords } from './host';
import { Note } from './Note';
import { Text } from './text';

export interface IProblemProps {
  /** What does not work: "The catalog does not answer". */
  title?: ReactNode;
  error?: CatalogError | null;
  /** What still does. */
  children?: ReactNode;
  /** The one thing to do; default: "Try again". */
  action?: string;
  onRetry?: () => void;
  /** When the next try is made by itself, in milliseconds since 1970. */
  nextTry?: number | null;
  /** Other ways on. */
  ways?: ReactNode;
  /** What a person who helps would like to know; folded. Default: that of the error. */
  details?: string;
  kind?: 'error' | 'warning';
}

export function Problem(props: IProblemProps) {
  const t = useWords();
  const { error, kind = 'error', onRetry } = props;
  const [unfolded, setUnfolded] = useState(false);
  const details = props.details ?? (error ? describe(error) : null);
  const said = props.title ?? error?.title ?? t('Something does not work');
  return (
    <Note
      kind={kind}
      className="omicshelf-problem"
      title={typeof said === 'string' ? <Text text={said} wrap /> : said}
      actions={
        <>
          {onRetry && (
            <div className="omicshelf-problem-retry">
              <Button look="primary" onClick={onRetry}>
                {props.action ?? t('Try again')}
              </Button>
              {typeof props.nextTry === 'number' && <Countdown until={props.nextTry} />}
            </div>
          )}
          {(details || props.ways) && (
            <div className="omicshelf-problem-ways">
              {details && (
                <LinkButton expanded={unfolded} onClick={() => setUnfolded(!unfolded)}>
                  {t('Details')}
                </LinkButton>
              )}
              {props.ways}
            </div>
          )}
          {details && unfolded && (
            <div className="omicshelf-problem-details">
              <Text as="pre" text={details} lines code />
              <CopyButton text={details} />
            </div>
          )}
        </>
      }
    >
      {props.title && error && <Text as="div" text={error.title} wrap />}
      {error?.detail && <Text as="div" text={error.detail} wrap />}
      {props.children}
    </Note>
  );
}

function describe(error: CatalogError): string {
  return [error.title, error.detail, error.status ? `${error.kind}, ${error.status}` : error.kind]
    .filter(Boolean)
    .join('\n');
}

/** The seconds until the next try; it stands still while nobody sees it. */
function Countdown({ until }: { until: number }) {
  const t = useWords();
  const left = useSecondsUntil(until);
  return (
    <span className="omicshelf-dim omicshelf-number" aria-hidden="true">
      {left > 0 ? t('again in {n} s', { n: left }) : t('trying…')}
    </span>
  );
}

/** The whole seconds until a time, counted down while the page is seen. */
export function useSecondsUntil(time: number): number {
  const [now, setNow] = useState(() => Date.now());
  const timer = useRef<ReturnType<typeof setInterval>>();
  useEffect(() => {
    const tick = () => {
      if (!document.hidden) {
        setNow(Date.now());
      }
      if (Date.now() >= time) {
        clearInterval(timer.current);
      }
    };
    tick();
    timer.current = setInterval(tick, 1000);
    return () => clearInterval(timer.current);
  }, [time]);
  return Math.max(0, Math.ceil((time - now) / 1000));
}
