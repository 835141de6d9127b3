/** A file that is kept as it is: what is known of it. */

import { Button, bytes, EmptyState, useWords } from '../../base';
import { Facts } from './FactList';
import type { ISummaryProps } from './SummaryView';

export function FileView({ summary, version, onTab }: ISummaryProps) {
  const t = useWords();
  const { width, height, ...details } = summary.details ?? {};
  const pixels =
    typeof width === 'number' && typeof height === 'number' ? `${width} × ${height} px` : null;
  const others = Object.entries(details)
    .filter(([, value]) => ['string', 'number', 'boolean'].includes(typeof value))
    .map(([name, value]) => ({ label: name.replaceAll('_', ' '), value }));
  return (
    <>
      <Facts
        facts={[
          { label: t('Format'), value: summary.format || version.data_format },
          { label: t('Size'), value: bytes(version.size) },
          { label: t('Picture'), value: pixels },
          ...others
        ]}
      />
      <EmptyState
        title={t('Kept as it is')}
        actions={
          <Button look="bordered" onClick={() => onTab('contents')}>
            {t('Look into the file')}
          </Button>
        }
      >
        {t('Nothing more is known of files of this format. Every version is kept all the same.')}
      </EmptyState>
    </>
  );
}
