/** How far the sending is: bytes, speed, time left. */

import { useRef } from 'react';

import { Icon, ProgressBar, bytes, timeLeft, useWords } from '../../base';
import { type IItem, isOver, progressOf } from './items';

export function Progress({ items, onCancel }: { items: readonly IItem[]; onCancel?: () => void }) {
  const t = useWords();
  const { sent, size } = progressOf(items);
  const speed = useSpeed(sent);
  const waiting = items.some(item => item.state.kind === 'waiting');
  const examining = !waiting && sent >= size;
  const n = items.filter(isOver).length;
  return (
    <div className="omicshelf-add-progress">
      <ProgressBar
        label={t('Sending')}
        value={examining ? null : size > 0 ? sent / size : 0}
        text={items.length > 1 ? `${n} / ${items.length}` : undefined}
        onCancel={onCancel}
      />
      <div className="omicshelf-dim omicshelf-small omicshelf-number">
        {examining
          ? t('All is sent. It is being examined.')
          : t('{sent} of {size}', { sent: bytes(sent), size: bytes(size) })}
        {!examining && !waiting && speed > 0 && (
          <>
            {' · '}
            {t('{speed}/s', { speed: bytes(speed) })}
            {' · '}
            {timeLeft(t, ((size - sent) / speed) * 1000)}
          </>
        )}
      </div>
      {waiting && (
        <div className="omicshelf-line" role="status">
          <Icon name="warning" tone="warning" />
          {t('The connection was lost. It goes on by itself when it is back.')}
        </div>
      )}
    </div>
  );
}

const OVER_MS = 10_000;

/** Bytes in a second, over the last ten. */
function useSpeed(sent: number): number {
  const told = useRef<{ at: number; sent: number }[]>([]);
  const now = Date.now();
  const last = told.current[told.current.length - 1];
  if (!last || last.sent !== sent) {
    told.current = [...told.current.filter(one => now - one.at < OVER_MS), { at: now, sent }];
  }
  const first = told.current[0];
  const seconds = (now - first.at) / 1000;
  return seconds < 0.5 ? 0 : Math.max(0, (sent - first.sent) / seconds);
}
