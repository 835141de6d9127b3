/** A version in the timeline. */

import type { DatasetRecord, IDatasetRef, VersionRecord } from '../../../api/records';
import {
  addedBytes,
  Age,
  Badge,
  Button,
  Checkbox,
  classes,
  CopyButton,
  Icon,
  type IRowState,
  LinkButton,
  Text,
  useHost,
  useWords
} from '../../base';
import { type ILoad, LoadButton } from '../../dialogs/load';
import { bytesName, download } from '../../download';
import { reference, versionName } from '../reference';
import { RowChanges } from './RowChanges';
import { LabelsButton } from './Labels';
import type { IDamage } from './useDamage';

/** What all rows of the timeline share. */
export interface ITimeline {
  dataset: IDatasetRef;
  record: DatasetRecord;
  load: ILoad | null;
  mayWrite: boolean;
  connected: boolean;
  damages: ReadonlyMap<string, IDamage>;
  beforeOf: (version: VersionRecord) => VersionRecord | null;
  onToggle: (version: VersionRecord) => void;
  onShow: (version: VersionRecord) => void;
  onRollback: (version: VersionRecord) => void;
}

interface IVersionRowProps {
  version: VersionRecord;
  state: IRowState;
  timeline: ITimeline;
}

export function VersionRow({ version, state, timeline }: IVersionRowProps) {
  const t = useWords();
  const { dataset, record, damages } = timeline;
  const name = versionName(version);
  const damage = damages.get(version.version_id);
  const acts = state.selected || state.focused;
  return (
    <div className={classes('omicshelf-timeline-row', state.selected && 'omicshelf-mod-chosen')}>
      <Checkbox
        checked={state.selected}
        label={t('Compare {name}', { name })}
        tabIndex={acts ? 0 : -1}
        onChange={() => timeline.onToggle(version)}
      />
      <span className="omicshelf-timeline-mark" aria-hidden="true" />
      <div className="omicshelf-timeline-main">
        <div className="omicshelf-timeline-line">
          <b>{name}</b>
          {version.version_id === record.version.version_id && <Badge>{t('latest')}</Badge>}
          {version.labels.map(label => (
            <Badge key={label} icon="tag" title={label}>
              <Text text={label} />
            </Badge>
          ))}
          <Text
            className={version.message ? undefined : 'omicshelf-dim'}
            text={version.message ?? t('No message')}
          />
          <Age className="omicshelf-timeline-age omicshelf-dim" time={version.created_at} />
        </div>
        {damage && (
          <div className="omicshelf-timeline-damage">
            <Icon name="cross" tone="error" size="small" />
            <span>{t('Its bytes are not those that were written')}</span>
          </div>
        )}
        <RowChanges
          dataset={dataset}
          version={version}
          before={timeline.beforeOf(version)}
          onAll={() => timeline.onShow(version)}
        />
        <Origin version={version} />
        {acts && <Actions version={version} timeline={timeline} damaged={damage !== undefined} />}
      </div>
    </div>
  );
}

function Origin({ version }: { version: VersionRecord }) {
  const t = useWords();
  const host = useHost();
  const { notebook, execution_count: cell, interface: by } = version.origin ?? {};
  const file = notebook?.split('/').pop();
  return (
    <div className="omicshelf-timeline-origin">
      {version.author && (
        <span className="omicshelf-timeline-who">
          <Icon name="user" size="small" />
          <Text text={version.author} />
        </span>
      )}
      {notebook && file ? (
        <span className="omicshelf-timeline-who">
          <Icon name="notebook" size="small" />
          {host.openNotebook ? (
            <LinkButton onClick={() => host.openNotebook?.(notebook)}>
              <Text text={file} title={notebook} />
            </LinkButton>
          ) : (
            <Text text={file} title={notebook} />
          )}
          {typeof cell === 'number' && <span>{t('cell {n}', { n: cell })}</span>}
        </span>
      ) : (
        by && <span className="omicshelf-dim">{madeBy(t, by)}</span>
      )}
      <span className="omicshelf-timeline-size omicshelf-number">
        {addedBytes(version.added_bytes)}
      </span>
    </div>
  );
}

function madeBy(t: ReturnType<typeof useWords>, by: string): string {
  const words: Record<string, string> = {
    jupyterlab: t('in JupyterLab'),
    lab: t('in JupyterLab'),
    widget: t('in a widget'),
    page: t('on the web page'),
    cli: t('in a terminal'),
    python: t('in Python'),
    notebook: t('in a notebook'),
    server: t('by the server')
  };
  return words[by] ?? by;
}

interface IActionsProps {
  version: VersionRecord;
  timeline: ITimeline;
  damaged: boolean;
}

function Actions({ version, timeline, damaged }: IActionsProps) {
  const t = useWords();
  const host = useHost();
  const { dataset, record, load, mayWrite, connected } = timeline;
  const name = versionName(version);
  const newest = version.version_id === record.version.version_id;
  return (
    <div className="omicshelf-timeline-actions">
      {connected && !damaged && (
        <>
          <LoadButton load={load} dataset={dataset} record={version} look="plain" size="small" />
          <Button
            icon="download"
            size="small"
            label={t('Download {name}', { name })}
            onClick={() => {
              const path = host.client.dataPath(dataset, version.version_id);
              void download(host, path, bytesName(version));
            }}
          >
            {t('Download')}
          </Button>
          {mayWrite && !newest && (
            <Button
              icon="rollback"
              size="small"
              popup="dialog"
              onClick={() => timeline.onRollback(version)}
            >
              {t('Roll back to this…')}
            </Button>
          )}
        </>
      )}
      {mayWrite && connected && <LabelsButton dataset={dataset} version={version} />}
      <CopyButton
        text={reference(dataset, version)}
        label={t('Copy reference to {name}', { name })}
      />
    </div>
  );
}
