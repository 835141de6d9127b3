/** Where files are dropped or chosen, with what is said of them: their tag, and what they are of. */

import {
  type MutableRefObject,
  type ReactNode,
  useEffect,
  useRef,
  useState,
  useContext
} from 'react';
import type { IDatasetRef, VersionRecord } from '../../../api/records';
import { classes, Combobox, Icon, LinkButton, Note, Select, Switch, useWords } from '../../base';
import { RoomChoice } from '../../document/choice';
import { versionName } from '../../document/reference';
import { dropped, hasFiles } from '../add/intake';
import { Queue } from './Queue';
import type { IAttachTo } from './attaching';
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
  const t = useWords();
  const [nothing, setNothing] = useState(false);
  const attaching = useAttaching(dataset);
  const said = useRef<Omit<IAttachTo, 'dataset'>>(UNSAID);
  const take = (files: readonly File[], folders: readonly string[] = []) => {
    setNothing(!files.length && !folders.length);
    attaching.queue.add(files, { dataset, ...said.current }, folders);
  };
  const { over, drop } = useDrop(take);
  return (
    <div className="omicshelf-attach" {...(allowed ? drop : {})}>
      {allowed && <Zone version={version} tags={tags} over={over} take={take} said={said} />}
      {nothing && (
        <Note kind="warning" title={t('There is no file in it')}>
          {t('An empty folder has nothing to attach.')}
        </Note>
      )}
      <Queue attaching={attaching} />
      {children}
    </div>
  );
}

const UNSAID = { tag: null, sourceVersion: null, autoRemove: false };
const LINKED = 'linked';
const UNLINKED = 'unlinked';

interface IZoneProps {
  version: VersionRecord;
  tags: readonly string[];
  over: boolean;
  take: (files: readonly File[]) => void;
  /** What is said of the files that come next. */
  said: MutableRefObject<Omit<IAttachTo, 'dataset'>>;
}

function Zone({ version, tags, over, take, said }: IZoneProps) {
  const t = useWords();
  const [tag, setTag] = useState(useContext(RoomChoice)?.tag ?? '');
  const [source, setSource] = useState<typeof LINKED | typeof UNLINKED>(LINKED);
  const [goes, setGoes] = useState(false);
  const picker = useRef<HTMLInputElement>(null);
  const linked = source === LINKED;
  useEffect(() => {
    said.current = {
      tag: tag.trim() || null,
      sourceVersion: linked ? version.version_id : null,
      autoRemove: linked && goes
    };
  }, [said, tag, linked, goes, version.version_id]);
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
        <Combobox
          label={t('Tag')}
          placeholder={t('Tag, such as figure')}
          value={tag}
          options={tags.map(one => ({ value: one, label: one }))}
          onChange={setTag}
        />
        <Select
          label={t('Made from')}
          size="small"
          value={source}
          options={[
            { value: LINKED, label: t('Made from {name}', { name: versionName(version) }) },
            { value: UNLINKED, label: t('Of no version') }
          ]}
          onChange={setSource}
        />
      </div>
      {linked && (
        <Switch checked={goes} onChange={setGoes}>
          {t('Remove when the data change')}
        </Switch>
      )}
    </div>
  );
}

/** Whether something is held over it, and what it needs to take it. */
function useDrop(take: (files: readonly File[], folders: readonly string[]) => void) {
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
          void dropped(event.dataTransfer).then(({ files, folders }) => take(files, folders));
        }
      }
    }
  };
}
