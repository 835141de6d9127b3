/** The versions of a dataset: the timeline at the left, what is chosen in it at the right. */

import { useCallback, useEffect, useMemo, useState } from 'react';
import { asCatalogError } from '../../../api/errors';
import type { VersionRecord } from '../../../api/records';
import { Problem, type Selection, Skeleton, toggled, useWords, Waiting } from '../../base';
import { useConnection, useRights, useVersions } from '../../data';
import { useLoad } from '../../dialogs/load';
import { RollbackDialog } from '../../dialogs/rollback';
import { useRoomChoice } from '../choice';
import { versionName } from '../reference';
import type { IRoomProps } from '../Room';
import { Compare } from './compare/Compare';
import { DamagedNote, DamagedVersion } from './Damage';
import { chosenOf, pair } from './chosen';
import { Timeline } from './Timeline';
import { type IDamages, useDamages } from './useDamage';
import type { ITimeline } from './VersionRow';

const NONE: VersionRecord[] = [];

export function Versions(props: IRoomProps) {
  const t = useWords();
  const { data, error, refetch } = useVersions(props.dataset);
  if (data) {
    return <Shown {...props} versions={data} />;
  }
  if (error) {
    return (
      <Problem
        title={t('The versions cannot be read')}
        error={asCatalogError(error)}
        onRetry={() => void refetch()}
      />
    );
  }
  return (
    <Waiting label={t('Reading the versions')}>
      <Skeleton rows={5} height={88} />
    </Waiting>
  );
}

interface IShownProps extends IRoomProps {
  versions: VersionRecord[];
}

function Shown({ dataset, record, version, versions }: IShownProps) {
  const load = useLoad();
  const { mayWrite, mayAdmin } = useRights(dataset.atlas);
  const connected = useConnection().state !== 'unreachable';
  const damages = useDamages(dataset, versions);
  const [target, setTarget] = useState<VersionRecord | null>(null);
  const { selection, select, show, toggle, clear } = useChosen(versions, version.version_id);
  const named = useMemo(
    // The older one first, as they are compared.
    () => versions.map(one => ({ key: one.version_id, name: versionName(one) })).reverse(),
    [versions]
  );
  useRoomChoice(named, selection, select);
  const before = useMemo(
    () => new Map(versions.map((one, i) => [one.version_id, versions[i + 1] ?? null])),
    [versions]
  );
  const timeline: ITimeline = useMemo(
    () => ({
      dataset,
      record,
      load,
      mayWrite,
      connected,
      damages: damages.of,
      beforeOf: one => before.get(one.version_id) ?? null,
      onToggle: toggle,
      onShow: show,
      onRollback: setTarget
    }),
    // The functions of `load` are its parts that rows use, and what is being loaded.
    // eslint-disable-next-line react-hooks/exhaustive-deps -- see above
    [
      dataset,
      record,
      load?.load,
      load?.loading,
      mayWrite,
      connected,
      damages.of,
      before,
      toggle,
      show
    ]
  );
  const check = mayAdmin && connected ? () => void damages.check() : undefined;
  return (
    <div className="omicshelf-versions">
      <DamagedNote versions={versions} damages={damages} onCheck={check} onShow={show} />
      <div className="omicshelf-versions-sides">
        <Timeline
          versions={versions}
          selection={selection}
          onSelect={select}
          timeline={timeline}
          onCheck={check}
          checking={damages.checking}
        />
        <Right
          timeline={timeline}
          damages={damages}
          versions={versions}
          selection={selection}
          onClose={clear}
          onCheck={check}
        />
      </div>
      {target && (
        <RollbackDialog
          dataset={dataset}
          record={record}
          target={target}
          onFailed={reason => damages.noted(target, reason)}
          onClose={() => setTarget(null)}
        />
      )}
      {load?.dialog}
    </div>
  );
}

/** What is selected: two at most, and at first the version that the header shows. */
function useChosen(versions: readonly VersionRecord[], shown: string) {
  const [selection, setSelection] = useState<Selection>(() => new Set([shown]));
  useEffect(() => setSelection(new Set([shown])), [shown]);
  const present = useMemo(() => chosenOf(selection, versions), [selection, versions]);
  const select = useCallback((next: Selection) => setSelection(before => pair(before, next)), []);
  const show = useCallback(
    (version: VersionRecord) => setSelection(new Set([version.version_id])),
    []
  );
  const toggle = useCallback(
    (version: VersionRecord) =>
      setSelection(before => pair(before, toggled(before, version.version_id))),
    []
  );
  const clear = useCallback(() => setSelection(new Set()), []);
  return { selection: present, select, show, toggle, clear };
}

interface IRightProps {
  timeline: ITimeline;
  damages: IDamages;
  versions: VersionRecord[];
  selection: Selection;
  onClose: () => void;
  onCheck?: () => void;
}

function Right({ timeline, damages, versions, selection, onClose, onCheck }: IRightProps) {
  const t = useWords();
  // The older one first, in whatever order they were selected.
  const chosen = versions.filter(one => selection.has(one.version_id)).reverse();
  const [first, second] = chosen.length ? chosen : NONE;
  if (!first) {
    return (
      <aside className="omicshelf-versions-right omicshelf-versions-hint">
        {t('Select a version to see what it changed, or two to compare them.')}
      </aside>
    );
  }
  const damage = second ? undefined : damages.of.get(first.version_id);
  if (damage) {
    return (
      <DamagedVersion
        dataset={timeline.dataset}
        version={first}
        versions={versions}
        damage={damage}
        onCheck={onCheck}
        checking={damages.checking}
        onClose={onClose}
      />
    );
  }
  const from = second ? first : timeline.beforeOf(first);
  return (
    <Compare
      key={`${from?.version_id} ${(second ?? first).version_id}`}
      dataset={timeline.dataset}
      from={from}
      to={second ?? first}
      onClose={onClose}
    />
  );
}
