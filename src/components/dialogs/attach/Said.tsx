/** What is said of files that are attached: their tag, what they are of, and how long they stay. */

import { useContext, useState } from 'react';
import type { VersionRecord } from '../../../api/records';
import { Combobox, Select, Switch, useWords } from '../../base';
import { RoomChoice } from '../../document/choice';
import { versionName } from '../../document/reference';
import type { IAttachTo } from './attaching';

export type Said = Omit<IAttachTo, 'dataset'>;

export interface ISaying {
  /** As it is chosen now, for files of a version; of none where there is none yet. */
  said: Said;
  tag: string;
  setTag: (tag: string) => void;
  linked: boolean;
  setLinked: (linked: boolean) => void;
  goes: boolean;
  setGoes: (goes: boolean) => void;
}

export function useSaying(version: VersionRecord | undefined): ISaying {
  const [tag, setTag] = useState(useContext(RoomChoice)?.tag ?? '');
  const [linked, setLinked] = useState(true);
  const [goes, setGoes] = useState(false);
  const source = linked ? (version?.version_id ?? null) : null;
  return {
    said: { tag: tag.trim() || null, sourceVersion: source, autoRemove: source !== null && goes },
    tag,
    setTag,
    linked,
    setLinked,
    goes,
    setGoes
  };
}

interface IFieldProps {
  saying: ISaying;
  /** Its name, where it is in no field. */
  label?: string;
}

export function TagField({ saying, label, tags }: IFieldProps & { tags: readonly string[] }) {
  const t = useWords();
  return (
    <Combobox
      label={label}
      placeholder={t('Tag, such as figure')}
      value={saying.tag}
      options={tags.map(one => ({ value: one, label: one }))}
      onChange={saying.setTag}
    />
  );
}

const LINKED = 'linked';
const UNLINKED = 'unlinked';

export function SourceField({ saying, label, version }: IFieldProps & { version: VersionRecord }) {
  const t = useWords();
  return (
    <Select<typeof LINKED | typeof UNLINKED>
      label={label}
      value={saying.linked ? LINKED : UNLINKED}
      options={[
        { value: LINKED, label: t('Made from {name}', { name: versionName(version) }) },
        { value: UNLINKED, label: t('Of no version') }
      ]}
      onChange={chosen => saying.setLinked(chosen === LINKED)}
    />
  );
}

/** Only of files that were made from a version. */
export function StaySwitch({ saying }: { saying: ISaying }) {
  const t = useWords();
  return saying.linked ? (
    <Switch checked={saying.goes} onChange={saying.setGoes}>
      {t('Remove when the data change')}
    </Switch>
  ) : null;
}
