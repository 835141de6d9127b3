/** A part of a version's data: asked for when it is shown, with what may go wrong on the way. */

import { type UseQueryResult, useQueryClient } from '@tanstack/react-query';
import type { ReactNode } from 'react';

import { asCatalogError } from '../../../api/errors';
import type { IPreviewQuery, Preview, VersionRecord } from '../../../api/records';
import {
  Button,
  EmptyState,
  Note,
  Problem,
  Text,
  ThinBar,
  Waiting,
  useSlow,
  useWords
} from '../../base';
import { keys, usePreview } from '../../data';

export interface IReadingProps<T> extends Omit<IAnswerProps<T>, 'read' | 'onCancel'> {
  version: VersionRecord;
  query: IPreviewQuery;
  className?: string;
}

/** Read a part and show it; while another one is on its way, the one before stays. */
export function Reading<T>({ version, query, className = '', ...rest }: IReadingProps<T>) {
  const read = usePreview(version, query);
  const cancel = useCancel(version, query);
  return (
    <div className={`omicshelf-reading ${className}`}>
      <Answer {...rest} read={read} onCancel={cancel} />
    </div>
  );
}

export interface IAnswerProps<T> {
  read: UseQueryResult<Preview>;
  onCancel: () => void;
  /** What is being read: "Reading the points". */
  label: string;
  /** The part of the answer that is shown; nothing where the data could not be read. */
  part: (preview: Preview) => T | null | undefined;
  children: (part: T, preview: Preview) => ReactNode;
  /** The shape of what will come. */
  skeleton?: ReactNode;
}

/** What was read, or what stands where it is not. */
export function Answer<T>({ read, onCancel, label, part, children, skeleton }: IAnswerProps<T>) {
  const slow = useSlow(read.isPlaceholderData && read.isFetching);
  const found = read.data && part(read.data);
  if (!found || !read.data) {
    return <Unread read={read} label={label} onCancel={onCancel} skeleton={skeleton} />;
  }
  return (
    <>
      {slow && <ThinBar label={label} />}
      {read.isError && <Failure read={read} />}
      <Problems problems={read.data.problems} partly />
      {children(found, read.data)}
    </>
  );
}

export interface IUnreadProps {
  read: UseQueryResult<Preview>;
  label: string;
  onCancel: () => void;
  skeleton?: ReactNode;
}

/** What stands where a part is not: it is awaited, it was given up, or it cannot be had. */
export function Unread({ read, label, onCancel, skeleton }: IUnreadProps) {
  const t = useWords();
  if (read.isError) {
    return <Failure read={read} />;
  }
  if (read.data && !read.isPlaceholderData) {
    return <Problems problems={read.data.problems} />;
  }
  if (read.fetchStatus === 'idle') {
    return (
      <EmptyState
        title={t('Not read')}
        actions={
          <Button look="bordered" onClick={() => void read.refetch()}>
            {t('Read it')}
          </Button>
        }
      >
        {t('You cancelled it. Nothing was changed.')}
      </EmptyState>
    );
  }
  return (
    <Waiting label={label} onCancel={onCancel}>
      {skeleton}
    </Waiting>
  );
}

function Failure({ read }: { read: UseQueryResult<Preview> }) {
  const t = useWords();
  return (
    <Problem
      title={t('This part of the data cannot be shown')}
      error={asCatalogError(read.error)}
      onRetry={() => void read.refetch()}
    >
      {t('The other tabs and the other versions are not concerned.')}
    </Problem>
  );
}

/** What the server found wrong with the data, in its words. */
export function Problems({ problems, partly }: { problems?: readonly string[]; partly?: boolean }) {
  const t = useWords();
  if (!problems?.length) {
    return partly ? null : (
      <EmptyState title={t('Nothing to show')}>
        {t('There is nothing of this in the data.')}
      </EmptyState>
    );
  }
  const told = problems.map((problem, i) => <Text key={i} as="p" text={problem} wrap />);
  return partly ? (
    <Note kind="warning" title={t('Something is wrong with the data')}>
      {told}
    </Note>
  ) : (
    <Problem title={t('The data of this version cannot be shown')} details={problems.join('\n')}>
      {told}
      <p>
        {t(
          'What is stored is what was saved. Load it, or download it, to look at it yourself; ' +
            'an older version may still be whole.'
        )}
      </p>
    </Problem>
  );
}

/** Give up what is being read. */
export function useCancel(version: VersionRecord, query: IPreviewQuery): () => void {
  const queries = useQueryClient();
  return () =>
    void queries.cancelQueries({ queryKey: keys.preview(version.version_id, query), exact: true });
}
