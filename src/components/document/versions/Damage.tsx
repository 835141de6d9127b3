/** A version whose bytes are not those that were written: what, since when, and what to do. */

import type { IDatasetRef, VersionRecord } from '../../../api/records';
import { Ago, Button, CopyButton, Icon, LinkButton, Note, Text, useWords, utc } from '../../base';
import { reference, versionName } from '../reference';
import type { IDamage, IDamages } from './useDamage';

interface IDamagedNoteProps {
  versions: readonly VersionRecord[];
  damages: IDamages;
  /** Absent for who may not. */
  onCheck?: () => void;
  onShow: (version: VersionRecord) => void;
}

/** The bad one is named first, then that the others are whole as far as is known. */
export function DamagedNote({ versions, damages, onCheck, onShow }: IDamagedNoteProps) {
  const t = useWords();
  const bad = versions.filter(version => damages.of.has(version.version_id));
  if (!bad.length) {
    return null;
  }
  const whole = versions.length - bad.length;
  return (
    <Note
      kind="error"
      className="omicshelf-versions-note"
      title={t.plural('{names} is damaged', '{names} are damaged', bad.length, {
        names: bad.map(versionName).join(', ')
      })}
      actions={
        <>
          <Button look="bordered" onClick={() => onShow(bad[0])}>
            {t('Show what is known')}
          </Button>
          {onCheck &&
            (damages.checking ? (
              <Button look="bordered" onClick={damages.stop}>
                {t('Stop checking')}
              </Button>
            ) : (
              <Button look="bordered" icon="refresh" onClick={onCheck}>
                {t('Check again')}
              </Button>
            ))}
        </>
      }
    >
      {whole > 0 &&
        t.plural(
          'Nothing is known against the other version: it can be used as always.',
          'Nothing is known against the {n} other versions: they can be used as always.',
          whole
        )}
    </Note>
  );
}

interface IDamagedVersionProps {
  dataset: IDatasetRef;
  version: VersionRecord;
  versions: readonly VersionRecord[];
  damage: IDamage;
  onCheck?: () => void;
  checking: boolean;
  onClose: () => void;
}

export function DamagedVersion(props: IDamagedVersionProps) {
  const t = useWords();
  const { dataset, version, damage, onClose } = props;
  const name = versionName(version);
  const report = [
    `${reference(dataset, version)} (${version.version_id})`,
    damage.title,
    damage.detail,
    t('written {time}', { time: utc(version.created_at) }),
    t('found damaged {time}', { time: utc(damage.found) })
  ];
  return (
    <aside className="omicshelf-versions-right" aria-label={t('Damage of {name}', { name })}>
      <header className="omicshelf-compare-bar">
        <Icon name="cross" tone="error" />
        <h2 className="omicshelf-compare-title">{name}</h2>
        <Text text={version.message ?? ''} />
        <span className="omicshelf-compare-gap" />
        <CopyButton text={report.filter(Boolean).join('\n')} label={t('Copy report')} />
        <Button icon="close" label={t('Close')} onClick={onClose} />
      </header>
      <div className="omicshelf-compare-body">
        <h3>{t('What')}</h3>
        <Text as="p" text={damage.title} wrap />
        <h3>{t('Since when')}</h3>
        <p>
          {t('Written {time}. Found damaged', { time: utc(version.created_at) })}{' '}
          <Ago time={damage.found} />.
        </p>
        <StillWorks {...props} />
        <WhatToDo {...props} />
      </div>
    </aside>
  );
}

function StillWorks({ version, versions }: IDamagedVersionProps) {
  const t = useWords();
  const name = versionName(version);
  const lines: readonly [boolean, string, string][] = [
    [true, t('The other versions'), t('everything, where nothing is known against them')],
    [true, t('Files, lineage, metadata'), t('everything')],
    [
      false,
      t('Load and download {name}', { name }),
      t('refused, so that no wrong number gets into an analysis')
    ],
    [false, t('Roll back to {name}', { name }), t('not until it is repaired')]
  ];
  return (
    <>
      <h3>{t('What still works')}</h3>
      <ul className="omicshelf-damage-works">
        {lines
          .filter((_, i) => i > 0 || versions.length > 1)
          .map(([works, what, how]) => (
            <li key={what}>
              <Icon
                name={works ? 'check' : 'cross'}
                tone={works ? 'good' : 'error'}
                label={works ? t('works') : t('does not work')}
              />
              <span>{what}</span>
              <span>{how}</span>
            </li>
          ))}
      </ul>
    </>
  );
}

function WhatToDo({ damage, version, onCheck, checking }: IDamagedVersionProps) {
  const t = useWords();
  const name = versionName(version);
  return (
    <>
      <h3>{t('What to do')}</h3>
      <ol className="omicshelf-damage-steps">
        <li>
          <b>{t('Repair from a copy')}</b>{' '}
          {damage.detail ? (
            <Text as="span" text={damage.detail} wrap />
          ) : (
            t('Restore the object that is named above from a backup of the catalog.')
          )}
          {!onCheck && <div>{t('An admin of the catalog does this: send them the report.')}</div>}
        </li>
        <li>
          <b>{t('Or use another version')}</b>{' '}
          {t('The one before or after {name} may be what you need.', { name })}
        </li>
        {onCheck && (
          <li>
            <b>{t('Then check again')}</b>{' '}
            <LinkButton disabled={checking} onClick={onCheck}>
              {t('Read all bytes and compare them with their hashes')}
            </LinkButton>
          </li>
        )}
      </ol>
    </>
  );
}
