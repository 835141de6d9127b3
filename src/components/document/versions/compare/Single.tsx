/** Where one version comes from: who, when, in which notebook, with which packages. */

import { useState } from 'react';
import type { Origin, VersionRecord } from '../../../../api/records';
import { CopyButton, Disclosure, Text, useWords, utc } from '../../../base';
import { versionName } from '../../reference';

export function Single({ version }: { version: VersionRecord }) {
  const t = useWords();
  const [open, setOpen] = useState(true);
  const origin: Partial<Origin> = version.origin ?? {};
  const packages = Object.entries(origin.packages ?? {}).map(pair => pair.join(' '));
  const facts: readonly (readonly [string, string | null | undefined])[] = [
    [t('Message'), version.message],
    [t('Written'), utc(version.created_at)],
    [t('By'), version.author],
    [t('Notebook'), origin.notebook],
    [t('Cell'), origin.execution_count?.toString()],
    [t('Python'), origin.python],
    [t('Packages'), packages.join(', ')],
    [t('Id'), version.version_id]
  ];
  return (
    <Disclosure
      level={3}
      open={open}
      onToggle={setOpen}
      title={t('Where {name} comes from', { name: versionName(version) })}
      after={<CopyButton text={version.version_id} label={t('Copy its id')} />}
    >
      <dl className="omicshelf-facts-list">
        {facts.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>
                  <Text text={value} wrap />
                </dd>
              </div>
            )
        )}
      </dl>
    </Disclosure>
  );
}
