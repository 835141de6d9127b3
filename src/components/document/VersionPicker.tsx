/** Which version is shown. */

import type { DatasetRecord, VersionRecord } from '../../api/records';
import { age, Icon, MenuButton, type MenuItem, useWords, visible } from '../base';
import { versionName } from './reference';
import type { IOpened } from './useOpened';

// The last ones, and those that have a label; the others are in the timeline.
const LISTED = 15;
const LONGEST_MESSAGE = 48;

interface IVersionPickerProps {
  opened: IOpened;
  record: DatasetRecord;
  version: VersionRecord;
  /** Show all of them. */
  onAll: () => void;
}

export function VersionPicker({ opened, record, version, onAll }: IVersionPickerProps) {
  const t = useWords();
  const newest = record.version;
  const isNewest = version.version_id === newest.version_id;
  const items = (): MenuItem[] => {
    const all = opened.versions ?? [newest];
    const now = Date.now();
    const listed = all.filter(
      (one, i) => i < LISTED || one.labels.length > 0 || one.version_id === version.version_id
    );
    return [
      ...listed.map(one => ({
        label: line(versionName(one), one),
        keys: age(t, one.created_at, now),
        checked: one.version_id === version.version_id,
        onSelect: () =>
          opened.choose(one.version_id === newest.version_id ? undefined : versionName(one))
      })),
      'separator',
      {
        label: t.plural(
          '{n} version in the timeline',
          'All {n} versions in the timeline',
          all.length
        ),
        icon: 'clock',
        onSelect: onAll
      }
    ];
  };
  return (
    <MenuButton
      look="bordered"
      size="small"
      icon="clock"
      caret
      className="omicshelf-version-picker"
      menuLabel={t('Version')}
      label={t('Version {name} is shown: choose another', { name: versionName(version) })}
      items={items}
    >
      <b>{versionName(version)}</b>{' '}
      {isNewest ? (
        t('latest')
      ) : (
        <>
          <Icon name="info" size="small" />
          {t('{newest} is newer', { newest: versionName(newest) })}
        </>
      )}
    </MenuButton>
  );
}

function line(name: string, version: VersionRecord): string {
  const message = visible(version.message ?? '');
  const short =
    message.length > LONGEST_MESSAGE ? `${message.slice(0, LONGEST_MESSAGE)}…` : message;
  const labels = version.labels.map(label => `[${visible(label)}]`);
  return [name, ...labels, short].filter(Boolean).join('  ');
}
