/** Metadata to read: words, not fields that are greyed out. */

import type { ReactNode } from 'react';
import type { Metadata } from '../../../../api/records';
import { Text, Token, useWords } from '../../../base';
import { kindOf } from './draft';
import { keyLabel, valueText } from './labels';

export function MetadataText({ metadata }: { metadata: Metadata }) {
  const t = useWords();
  const entries = Object.entries(metadata);
  if (!entries.length) {
    return <p className="omicshelf-dim">{t('Nothing is written about this dataset yet.')}</p>;
  }
  return (
    <dl className="omicshelf-metadata-text">
      {entries.map(([key, value]) => (
        <div key={key}>
          <dt title={key}>
            <Text text={keyLabel(key)} />
          </dt>
          <dd>
            <Value value={value} />
          </dd>
        </div>
      ))}
    </dl>
  );
}

function Value({ value }: { value: unknown }): ReactNode {
  const t = useWords();
  if (value === null || value === '') {
    return <span className="omicshelf-dim">{t('not given')}</span>;
  }
  switch (kindOf(value)) {
    case 'boolean':
      return value ? t('yes') : t('no');
    case 'texts':
    case 'numbers':
      return (
        <span className="omicshelf-metadata-tokens">
          {(value as unknown[]).map((item, i) => (
            <Token key={i} text={String(item)} />
          ))}
        </span>
      );
    case 'json':
      return <Text text={JSON.stringify(value, null, 1)} lines code />;
    default:
      return <Text text={valueText(value)} wrap />;
  }
}
