/** The facts of a version, in a line. */

import type { DatasetRecord, VersionRecord } from '../../api/records';
import { Ago, Badge, bytes, count, exactly, Icon, Text, useWords } from '../base';
import { dimensionWords } from './dimensions';
import { isolated } from './isolated';

interface IFactsProps {
  record: DatasetRecord;
  version: VersionRecord;
}

export function Facts({ record, version }: IFactsProps) {
  const t = useWords();
  const title = version.metadata?.title;
  const by = version.author ? t('by {who}', { who: isolated(version.author) }) : '';
  const isNewest = version.version_id === record.version.version_id;
  return (
    <div className="omicshelf-header-facts">
      {typeof title === 'string' && title && title !== record.dataset_id && (
        <Text text={title} className="omicshelf-header-facts-title" />
      )}
      <Text text={version.data_type} className="omicshelf-fact" />
      {version.data_format && <Text text={version.data_format} className="omicshelf-fact" />}
      <Dimensions version={version} />
      <span className="omicshelf-number">{bytes(version.size)}</span>
      {record.study_id && (
        <span className="omicshelf-fact-study">
          <Icon name="study" size="small" label={t('Study')} />
          <Text text={record.study_id} />
        </span>
      )}
      <span>
        {isNewest ? t('Changed') : t('Saved')} <Ago time={version.created_at} /> {by}
      </span>
      {version.labels.map(label => (
        <Badge key={label} icon="tag">
          <Text text={label} />
        </Badge>
      ))}
      {version.problems > 0 && (
        <span className="omicshelf-fact-problem">
          <Icon name="warning" tone="warning" size="small" />
          {t.plural('{n} problem in the data', '{n} problems in the data', version.problems)}
        </span>
      )}
    </div>
  );
}

/** `700 cells × 765 genes`, the numbers strong; a dimension that nobody knows is left out. */
function Dimensions({ version }: { version: VersionRecord }) {
  const t = useWords();
  const words = dimensionWords(t, version) ?? ['', ''];
  // A VCF that was only looked into has records, and no number of samples.
  const sizes = (version.shape ?? []) as readonly (number | null)[];
  const shown = sizes.flatMap((n, i) => (n === null ? [] : [{ n, word: words[i] ?? '' }]));
  if (!shown.length) {
    return null;
  }
  return (
    <span className="omicshelf-number">
      {shown.map(({ n, word }, i) => (
        <span key={i} title={exactly(n)}>
          {i > 0 && ' × '}
          <b>{count(n)}</b> {word}
        </span>
      ))}
    </span>
  );
}
