/** Where files are dropped or chosen, with what is said of them: their tag, and what they are of. */

import { type MutableRefObject, type ReactNode, useEffect, useRef, useState } from 'react';
import type { IDatasetRef, VersionRecord } from '../../../api/records';
import { classes, Icon, LinkButton, Note, useWords } from '../../base';
import { dropped, hasFiles, type IDropped, MOST_FILES } from '../add/intake';
import { Queue } from './Queue';
import { type Said, SourceField, StaySwitch, TagField, useSaying } from './Said';
import { useAttaching } from './useAttaching';

export interface IAttachZoneProps {
  dataset: IDatasetRef;
  /** The version that the files are taken to be made from. */
  version: VersionRecord;
  /** The tags that are in use. */
  tags: readonly string[];
  /** The person may attach; else only what stands below is there. */
  allowed: boolean;
  /** What stands below, and takes drops too. */
  children?: ReactNode;
}

export function AttachZone({ dataset, version, tags, allowed, children }: IAttachZoneProps) {
  const [odd, setOdd] = useState<Odd | null>(null);
  const attaching = useAttaching(dataset);
  const said = useRef<Said>(UNSAID);
  const take = (files: readonly File[], folders: readonly string[] = []) => {
    const odd =
      files.length >= MOST_FILES ? 'many' : files.length + folders.length ? null : 'empty';
    setOdd(odd);
    attaching.queue.add(files, { dataset, ...said.current }, folders);
  };
  const { over, drop } = useDrop(
    ({ files, folders }) => take(files, folders),
    () => setOdd('unread')
  );
  return (
    <div className="omicshelf-attach" {...(allowed ? drop : {})}>
      {allowed && <Zone version={version} tags={tags} over={over} take={take} said={said} />}
      {odd && <Noted odd={odd} />}
      <Queue attaching={attaching} />
      {children}
    </div>
  );
}

const UNSAID = { tag: null, sourceVersion: null, autoRemove: false };
/** What a drop was, besides the files in it. */
type Odd = 'empty' | 'many' | 'unread';

function Noted({ odd }: { odd: Odd }) {
  const t = useWords();
  const words: Record<Odd, readonly [string, string]> = {
    empty: [t('There is no file in it'), t('An empty folder has nothing to attach.')],
    many: [
      t('Only the first {n} files are attached', { n: MOST_FILES }),
      t('Attach a folder of more as one zip file.')
    ],
    unread: [
      t('What was dropped cannot be read'),
      t('It may have been moved, or you may not read it: choose it again.')
    ]
  };
  const [title, remedy] = words[odd];
  return (
    <Note kind="warning" className="omicshelf-attach-note" title={title}>
      {remedy}
    </Note>
  );
}

interface IZoneProps {
  version: VersionRecord;
  tags: readonly string[];
  over: boolean;
  take: (files: readonly File[]) => void;
  /** What is said of the files that come next. */
  said: MutableRefObject<Said>;
}

function Zone({ version, tags, over, take, said }: IZoneProps) {
  const t = useWords();
  const saying = useSaying(version);
  const picker = useRef<HTMLInputElement>(null);
  useEffect(() => {
    said.current = saying.said;
  });
  return (
    <div className={classes('omicshelf-attach-zone', over && 'omicshelf-mod-over')}>
      <div className="omicshelf-attach-line">
        <Icon name="upload" size="large" />
        <div>
          <div>
            {t('Drop files here, or')}{' '}
            <LinkButton strong onClick={() => picker.current?.click()}>
              {t('choose')}
            </LinkButton>
          </div>
          <div className="omicshelf-dim">{t('Of any type and size, also many at once')}</div>
        </div>
        <input
          ref={picker}
          type="file"
          multiple
          hidden
          aria-label={t('Files to attach')}
          onChange={event => {
            take([...(event.currentTarget.files ?? [])]);
            // The same file may be chosen again.
            event.currentTarget.value = '';
          }}
        />
      </div>
      <div className="omicshelf-attach-line omicshelf-attach-said">
        <TagField saying={saying} label={t('Tag')} tags={tags} />
        <SourceField saying={saying} label={t('Made from')} version={version} />
      </div>
      <StaySwitch saying={saying} />
    </div>
  );
}

/** Whether something is held over it, and what it needs to take it. */
function useDrop(take: (dropped: IDropped) => void, failed: () => void) {
  const [depth, setDepth] = useState(0);
  const mine = (event: React.DragEvent) => hasFiles(event.dataTransfer);
  return {
    over: depth > 0,
    drop: {
      onDragEnter: (event: React.DragEvent) => mine(event) && setDepth(n => n + 1),
      onDragLeave: (event: React.DragEvent) => mine(event) && setDepth(n => Math.max(0, n - 1)),
      onDragOver: (event: React.DragEvent) => {
        if (mine(event)) {
          event.preventDefault();
          event.dataTransfer.dropEffect = 'copy';
        }
      },
      onDrop: (event: React.DragEvent) => {
        if (mine(event)) {
          event.preventDefault();
          event.stopPropagation();
          setDepth(0);
          dropped(event.dataTransfer).then(take, failed);
        }
      }
    }
  };
}
