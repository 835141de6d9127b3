/** The version that a file was made from: a triangle where the data have changed since. */

import { Badge, Icon, useWords } from '../../base';
import { versionName } from '../reference';
import type { ISource } from './source';

export function SourceBadge({ source, only }: { source: ISource | null; only: boolean }) {
  const t = useWords();
  if (!source) {
    return <span className="omicshelf-dim omicshelf-files-source">{t('not linked')}</span>;
  }
  const name = versionName(source.version);
  return source.older ? (
    <Badge
      className="omicshelf-files-source"
      title={t('Made from {name}: the data have changed since', { name })}
    >
      <Icon name="warning" tone="warning" size="small" />
      {t('{name}, older', { name })}
    </Badge>
  ) : (
    <Badge
      icon="link"
      className="omicshelf-files-source"
      title={
        only
          ? t('Made from {name}: it is removed when the data change', { name })
          : t('Made from {name}', { name })
      }
    >
      {only ? t('{name} only', { name }) : name}
    </Badge>
  );
}
