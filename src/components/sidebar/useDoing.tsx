/** What is done with rows, by keys, menus and the bar of several. */

import { type KeyboardEvent, Suspense, useCallback, useMemo, useRef, useState } from 'react';

import type { DatasetRecord } from '../../api/records';
import { type Anchor, Menu, NOTHING, type Selection, useHost, lazily } from '../base';
import { type IRights, useAtlases } from '../data';
import { useChoosing } from '../dialogs/attach/useChoosing';
import { type ILoad, useLoad } from '../dialogs/load';
import { refOf, useActions } from './actions';
import { CopyDialog, DeleteDialog, StudyDialog } from './dialogs';
import { rowMenu } from './menus';

// It compares versions: read when somebody rolls back.
const RollbackFrom = lazily(async () => (await import('../dialogs/rollback')).RollbackFrom);

/** The rows that are selected, and their records, also those that are shown no more. */
export function useSelected() {
  const [selection, setSelection] = useState<Selection>(NOTHING);
  const records = useRef(new Map<string, DatasetRecord>());
  const [, renew] = useState(0);
  const seen = useCallback((rows: readonly DatasetRecord[]) => {
    for (const row of rows) {
      records.current.set(row.dataset_id, row);
    }
    renew(n => n + 1);
  }, []);
  const selected = [...selection].flatMap(id => records.current.get(id) ?? []);
  return { selection, select: setSelection, seen, selected };
}

export interface IDoingProps {
  atlas: string;
  rights: IRights;
  onOpened?: (record: DatasetRecord) => void;
}

type Asked = { kind: 'study' | 'copy' | 'delete' | 'rollback'; records: readonly DatasetRecord[] };

/** The acts that a person and a host may do, and the dialogs that they ask with. */
export function useDoing(props: IDoingProps, selected: readonly DatasetRecord[], offline: boolean) {
  const host = useHost();
  const { onOpened } = props;
  const actions = useActions();
  const loading = useLoad();
  const attaching = useChoosing();
  const load = useStableLoad(offline ? null : loading);
  const atlases = useAtlases().data;
  const [current, setCurrent] = useState<string | null>(null);
  const [asked, setAsked] = useState<Asked | null>(null);
  const [menu, setMenu] = useState<{ record: DatasetRecord; anchor: Anchor } | null>(null);
  const mayWrite = props.rights.mayWrite && !offline;
  const mayAdmin = props.rights.mayAdmin && !offline;
  const ask = (kind: Asked['kind'], records: readonly DatasetRecord[]) =>
    setAsked({ kind, records });
  const remove = (records: readonly DatasetRecord[]) =>
    records.length === 1 ? void actions.remove(records) : ask('delete', records);
  const open = useCallback(
    (record: DatasetRecord) => {
      setCurrent(record.dataset_id);
      host.open?.(refOf(record));
      onOpened?.(record);
    },
    [host, onOpened]
  );
  const keyed = (event: KeyboardEvent, record: DatasetRecord): boolean => {
    const command = event.ctrlKey || event.metaKey;
    if (event.key === 'Enter' && command && load) {
      void load.load(refOf(record), record.version);
    } else if (event.key === 'Enter' && event.shiftKey && load) {
      void load.load(refOf(record), record.version, { how: 'insert' });
    } else if (event.key === 'Delete' && mayAdmin) {
      remove(selected.some(one => one.dataset_id === record.dataset_id) ? selected : [record]);
    } else if (event.key.toLowerCase() === 'c' && command && !event.shiftKey) {
      actions.copyId(record);
    } else {
      return false;
    }
    return true;
  };
  const loadAll = async () => {
    for (const record of selected) {
      // One after the other: a kernel runs one cell at a time.
      await load?.load(refOf(record), record.version);
    }
  };
  const others = (atlases?.atlases ?? []).some(
    ({ name }) => name !== props.atlas && (atlases?.roles[name] ?? 'viewer') !== 'viewer'
  );
  const close = () => setAsked(null);
  const of = asked && { records: asked.records, actions, onClose: close };
  const floating = (
    <>
      {loading?.dialog}
      {menu && (
        <Menu
          anchor={menu.anchor}
          label={t(host, menu.record)}
          items={rowMenu({
            host,
            record: menu.record,
            load,
            actions,
            mayWrite,
            mayAdmin,
            others: others && !offline,
            isMac: /Mac|iPhone|iPad/.test(navigator.platform),
            onAttach: () => attaching.choose(refOf(menu.record)),
            onRollback: () => ask('rollback', [menu.record]),
            onStudy: () => ask('study', [menu.record]),
            onCopyTo: () => ask('copy', [menu.record])
          })}
          onClose={() => setMenu(null)}
        />
      )}
      {attaching.element}
      {of && asked.kind === 'rollback' && (
        <Suspense fallback={null}>
          <RollbackFrom record={of.records[0]} onClose={close} />
        </Suspense>
      )}
      {of && asked.kind === 'study' && <StudyDialog {...of} />}
      {of && asked.kind === 'copy' && <CopyDialog {...of} />}
      {of && asked.kind === 'delete' && <DeleteDialog {...of} />}
    </>
  );
  return {
    actions,
    load,
    current,
    open,
    keyed,
    loadAll,
    ask,
    remove,
    mayWrite,
    mayAdmin,
    floating,
    menu: (record: DatasetRecord, anchor: Anchor) => setMenu({ record, anchor })
  };
}

function t(host: ReturnType<typeof useHost>, record: DatasetRecord): string {
  return host.t('Actions of {id}', { id: record.dataset_id });
}

/** The same as long as it does the same: every row is given it. */
function useStableLoad(load: ILoad | null): ILoad | null {
  const { load: run, choose, loading } = load ?? {};
  return useMemo(
    () => (run && choose ? { load: run, choose, loading: loading ?? null, dialog: null } : null),
    [run, choose, loading]
  );
}
