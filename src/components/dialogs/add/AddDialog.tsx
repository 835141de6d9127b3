/** Add datasets: choose or drop files, say what they are, send them. */

import { useEffect, useRef, useState } from 'react';

import type { IDatasetRef } from '../../../api/records';
import {
  Bidi,
  Button,
  Dialog,
  Icon,
  LinkButton,
  Note,
  classes,
  useAnnounce,
  useHost,
  useWords
} from '../../base';
import { dropped as read, hasFiles, type IDropped } from './intake';
import { Many } from './Many';
import { One } from './One';
import { nameOfVersion } from './sending';
import { type IAdd, useAdd } from './useAdd';

export interface IAddDialogProps {
  atlas: string;
  dropped: IDropped;
  onClose: () => void;
}

export function AddDialog({ atlas, dropped, onClose }: IAddDialogProps) {
  const host = useHost();
  const { t } = host;
  const adding = useAdd(atlas, dropped.files);
  const [folders, setFolders] = useState(dropped.folders);
  const [openWhenAdded, setOpenWhenAdded] = useState(true);
  const { items, ready, busy } = adding;
  useTold(adding);
  const take = (more: IDropped) => {
    adding.add(more.files);
    setFolders(before => [...new Set([...before, ...more.folders])]);
  };
  const one = items.length === 1 ? items[0] : null;
  const over = items.length > 0 && items.every(item => item.state.kind === 'done');

  // What one person waits for is shown as soon as it is there.
  const added = one?.state.kind === 'done' ? one.state.record : null;
  useEffect(() => {
    if (added) {
      const ref: IDatasetRef = { atlas, id: added.dataset_id };
      host.notify({ kind: 'done', text: host.t('{what} added', { what: nameOfVersion(added) }) });
      if (openWhenAdded) {
        host.open?.(ref);
      }
      onClose();
    }
    // Once: when it was added.
    // eslint-disable-next-line react-hooks/exhaustive-deps
  }, [added]);

  const close = () => {
    // Escape does not throw away what is on its way: Cancel does.
    if (!busy) {
      onClose();
    }
  };
  return (
    <Dialog
      className="omicshelf-add"
      size={items.length ? 'wide' : 'normal'}
      title={
        items.length > 1
          ? t('Add {n} datasets to {atlas}', { n: items.length, atlas })
          : t('Add a dataset to {atlas}', { atlas })
      }
      onClose={close}
      onSubmit={() => ready.length && !busy && void adding.start()}
      note={<Settled adding={adding} />}
      actions={
        <>
          <Button look="cancel" onClick={busy ? adding.stop : onClose}>
            {busy ? t('Cancel') : over || items.some(isSent) ? t('Close') : t('Cancel')}
          </Button>
          {items.length > 0 && !over && (
            <Button
              look="primary"
              type="submit"
              busy={busy}
              disabled={!ready.length || adding.checking}
            >
              {items.length === 1
                ? t('Add dataset')
                : t.plural('Add {n} dataset', 'Add {n} datasets', ready.length)}
            </Button>
          )}
        </>
      }
    >
      {folders.length > 0 && <Folders atlas={atlas} names={folders} />}
      {one ? (
        <One
          adding={adding}
          atlas={atlas}
          item={one}
          openWhenAdded={openWhenAdded}
          onOpenWhenAdded={host.open ? setOpenWhenAdded : undefined}
        />
      ) : items.length ? (
        <Many adding={adding} />
      ) : (
        <Intake onFiles={take} />
      )}
    </Dialog>
  );
}

function isSent({ state }: { state: { kind: string } }): boolean {
  return state.kind === 'done';
}

/** Where files are chosen or dropped. */
function Intake({ onFiles }: { onFiles: (files: IDropped) => void }) {
  const t = useWords();
  const input = useRef<HTMLInputElement>(null);
  const [over, setOver] = useState(false);
  return (
    <div
      className={classes('omicshelf-add-intake', over && 'omicshelf-mod-over')}
      onDragOver={event => {
        if (hasFiles(event.dataTransfer)) {
          event.preventDefault();
          setOver(true);
        }
      }}
      onDragLeave={() => setOver(false)}
      onDrop={event => {
        event.preventDefault();
        event.stopPropagation();
        setOver(false);
        void read(event.dataTransfer).then(onFiles);
      }}
    >
      <Icon name="upload" size="large" />
      <div>{t('Drop files or a folder here, or')}</div>
      <Button look="bordered" first onClick={() => input.current?.click()}>
        {t('Choose files…')}
      </Button>
      <input
        ref={input}
        type="file"
        multiple
        hidden
        aria-label={t('Files to add')}
        onChange={event => onFiles({ files: [...(event.currentTarget.files ?? [])], folders: [] })}
      />
      <div className="omicshelf-dim omicshelf-small">
        {t('h5ad, h5mu, loom, 10x h5, gct, vcf, csv, parquet, images and more; of any size')}
      </div>
    </div>
  );
}

/** Folders that are one dataset: a browser sends files only. */
function Folders({ atlas, names }: { atlas: string; names: readonly string[] }) {
  const t = useWords();
  return (
    <Note kind="info" title={t('A folder that is one dataset is added from a notebook')}>
      {names.slice(0, 5).map(name => (
        <div key={name}>
          <Bidi text={name} />
        </div>
      ))}
      {t('In a notebook: {code}. Or zip it, and drop the zip.', {
        code: `Catalog(${JSON.stringify(atlas)}).create_dataset("my_id", "Single cell RNA-seq", "folder.zarr")`
      })}
    </Note>
  );
}

/** How many things are to be settled first, or how far it is. */
function Settled({ adding }: { adding: IAdd }) {
  const t = useWords();
  const { items, busy } = adding;
  if (busy || !items.length) {
    return null;
  }
  const failed = items.filter(item => item.state.kind === 'failed').length;
  const n = items.filter(item => item.state.kind !== 'done' && adding.hindrance(item)).length;
  if (!n && !failed) {
    return null;
  }
  return (
    <span className="omicshelf-line">
      <Icon name="error" tone="error" />
      {failed
        ? t.plural('{n} was not added', '{n} were not added', failed)
        : items.length > 1
          ? t.plural('{n} file will be left out', '{n} files will be left out', n)
          : t('Something is to be settled first')}
      {failed > 0 && (
        <LinkButton
          onClick={() =>
            items.forEach(
              item =>
                item.state.kind === 'failed' &&
                adding.change(item.key, { state: { kind: 'ready' } })
            )
          }
        >
          {t('Try again')}
        </LinkButton>
      )}
    </span>
  );
}

/** Say how it ended. */
function useTold({ items }: IAdd): void {
  const t = useWords();
  const announce = useAnnounce();
  const over = items.filter(item => item.state.kind === 'done' || item.state.kind === 'failed');
  const failed = over.filter(item => item.state.kind === 'failed').length;
  const n = items.length > 1 && over.length === items.length ? over.length - failed : null;
  useEffect(() => {
    if (n !== null) {
      announce(t('{n} added, {failed} not', { n, failed }));
    }
  }, [n, failed, announce, t]);
}
