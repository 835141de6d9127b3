/** What is on its way, and what did not arrive. */

import { useCallback, useEffect, useMemo } from 'react';
import type { CatalogError } from '../../../api/errors';
import {
  Button,
  bytes,
  count,
  Icon,
  List,
  ProgressBar,
  Text,
  useAnnounce,
  useWords
} from '../../base';
import { bytesOf, type IAttachItem, isEnded } from './items';
import type { IAttaching } from './useAttaching';

const keyOf = (item: IAttachItem) => item.key;
const HEIGHT = 43;
// What happened and what to do takes a line or three.
const FAILED_HEIGHT = 79;
const rowHeight = ({ state }: IAttachItem) => (state.kind === 'failed' ? FAILED_HEIGHT : HEIGHT);
const MOST_SHOWN = 4;

export function Queue({ attaching }: { attaching: IAttaching }) {
  const t = useWords();
  const announce = useAnnounce();
  const { items } = attaching;
  const done = items.filter(item => item.state.kind === 'done').length;
  const failed = items.filter(item => item.state.kind === 'failed').length;
  const over = items.length > 0 && items.every(isEnded);
  const shown = useMemo(() => items.filter(item => item.state.kind !== 'done'), [items]);
  const { sent, size } = bytesOf(items);
  const renderRow = useCallback(
    (item: IAttachItem) => <Row item={item} attaching={attaching} />,
    [attaching]
  );
  useEffect(() => {
    if (over) {
      announce(
        failed
          ? t('{done} attached, {failed} not', { done, failed })
          : t.plural('{n} file attached', '{n} files attached', done)
      );
    }
  }, [over, done, failed, announce, t]);
  if (!items.length || (over && !failed)) {
    return null;
  }
  return (
    <section className="omicshelf-attach-queue" aria-label={t('Being attached')}>
      <div className="omicshelf-attach-sum">
        <span>
          {t('{done} of {all} attached', { done: count(done), all: count(items.length) })}
          {failed > 0 && ` · ${t('{n} not', { n: count(failed) })}`}
        </span>
        {over ? (
          <Button size="small" onClick={() => attaching.queue.clear()}>
            {t('Clear')}
          </Button>
        ) : (
          <ProgressBar
            label={t('Attaching')}
            value={size ? sent / size : done / items.length}
            text={`${bytes(sent)} / ${bytes(size)}`}
            onCancel={() => attaching.queue.cancelAll()}
          />
        )}
      </div>
      <div style={{ height: heightOf(shown), display: 'flex' }}>
        <List<IAttachItem>
          kind="grid"
          label={t('Files on their way')}
          items={shown}
          keyOf={keyOf}
          rowHeight={rowHeight}
          measured
          renderRow={renderRow}
        />
      </div>
    </section>
  );
}

function heightOf(shown: readonly IAttachItem[]): number {
  return shown.slice(0, MOST_SHOWN).reduce((sum, item) => sum + rowHeight(item), 0);
}

function Row({ item, attaching }: { item: IAttachItem; attaching: IAttaching }) {
  const t = useWords();
  const { state, file, name } = item;
  const failed = state.kind === 'failed';
  return (
    <div className="omicshelf-attach-row">
      <Icon name={failed ? 'cross' : 'file'} tone={failed ? 'error' : undefined} />
      <div className="omicshelf-attach-row-words">
        <div className="omicshelf-attach-row-name">
          <Text text={name} />
          <span className="omicshelf-number omicshelf-dim">
            {file.size ? bytes(file.size) : t('empty')}
          </span>
        </div>
        <State item={item} />
      </div>
      {failed
        ? // What is no file cannot be sent at a second try either.
          state.error.kind !== 'Invalid' && (
            <Button
              icon="refresh"
              label={t('Try {name} again', { name })}
              onClick={() => attaching.queue.retry(item.key)}
            />
          )
        : state.kind !== 'attaching' && (
            <Button
              icon="close"
              label={t('Cancel {name}', { name })}
              onClick={() => attaching.queue.cancel(item.key)}
            />
          )}
    </div>
  );
}

function State({ item: { file, state, name } }: { item: IAttachItem }) {
  const t = useWords();
  switch (state.kind) {
    case 'queued':
      return <span className="omicshelf-dim">{t('waits for its turn')}</span>;
    case 'sending':
      return (
        <ProgressBar
          label={t('Sending {name}', { name })}
          value={file.size ? state.sent / file.size : null}
        />
      );
    case 'waiting':
      return <span>{t('The connection was lost: it goes on when it is back')}</span>;
    case 'attaching':
      return <span className="omicshelf-dim">{t('is being kept')}</span>;
    case 'failed':
      return <Failure error={state.error} />;
    default:
      return null;
  }
}

function Failure({ error }: { error: CatalogError }) {
  const text = [error.title, error.detail].filter(Boolean).join(' ');
  return <Text as="div" className="omicshelf-attach-why" text={text} title={text} wrap />;
}
