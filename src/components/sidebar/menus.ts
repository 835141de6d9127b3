/** What is in the menus of the sidebar; what a person or a host cannot do is not in them. */

import type { DatasetRecord } from '../../api/records';
import type { MenuItem } from '../base';
import type { ILoad } from '../dialogs/load';
import type { IHost } from '../host';
import { type IActions, refOf } from './actions';

export interface IRowMenu {
  host: IHost;
  record: DatasetRecord;
  load: ILoad | null;
  actions: IActions;
  mayWrite: boolean;
  mayAdmin: boolean;
  /** There is more than one atlas. */
  others: boolean;
  isMac: boolean;
  onAttach: () => void;
  onRollback: () => void;
  onStudy: () => void;
  onCopyTo: () => void;
}

export function rowMenu(menu: IRowMenu): readonly MenuItem[] {
  const { host, record, load, actions, mayWrite } = menu;
  const { t } = host;
  const ref = refOf(record);
  const command = menu.isMac ? '⌘' : t('Ctrl');
  const open = host.open?.bind(host);
  return [
    open && { label: t('Open'), icon: 'eye', keys: t('Enter'), onSelect: () => open(ref) },
    load && {
      label: t('Load into kernel'),
      icon: 'play',
      keys: `${command} ${t('Enter')}`,
      onSelect: () => void load.load(ref, record.version)
    },
    load && {
      label: t('Insert load code'),
      icon: 'code',
      keys: `${t('Shift')} ${t('Enter')}`,
      onSelect: () => void load.load(ref, record.version, { how: 'insert' })
    },
    'separator',
    {
      label: t('Copy id'),
      icon: 'copy',
      keys: `${command} C`,
      onSelect: () => actions.copyId(record)
    },
    { label: t('Download'), icon: 'download', onSelect: () => void actions.download([record]) },
    mayWrite && { label: t('Attach file…'), icon: 'clip', onSelect: menu.onAttach },
    mayWrite &&
      record.version.seq > 1 && {
        label: t('Roll back…'),
        icon: 'rollback',
        onSelect: menu.onRollback
      },
    mayWrite && { label: t('Add to study…'), icon: 'study', onSelect: menu.onStudy },
    menu.others && { label: t('Copy to atlas…'), icon: 'shelf', onSelect: menu.onCopyTo },
    'separator',
    menu.mayAdmin && {
      label: t('Delete'),
      icon: 'trash',
      keys: t('Del'),
      destructive: true,
      onSelect: () => void actions.remove([record])
    }
  ];
}

/** The orders of the list. */
export function orderMenu(
  host: IHost,
  order: string,
  choose: (order: string) => void
): readonly MenuItem[] {
  const { t } = host;
  const orders: readonly [string, string][] = [
    ['-last_modified_at', t('Last changed')],
    ['-created_at', t('Newest')],
    ['dataset_id', t('Id')],
    ['data_type', t('Data type')],
    ['-n_obs', t('Most observations')],
    ['-size', t('Largest')]
  ];
  return orders.map(([value, label]) => ({
    label,
    checked: value === order,
    onSelect: () => choose(value)
  }));
}
