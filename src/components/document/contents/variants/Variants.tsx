/** Variants: what the header says, and the first records with the genotypes of some samples. */

import { useState } from 'react';

import type { IPreviewQuery, Preview, VersionRecord } from '../../../../api/records';
import { Skeleton, useWords } from '../../../base';
import { usePreview } from '../../../data';
import { Answer, useCancel } from '../Reading';
import { HeaderFacts } from './HeaderFacts';
import { Records, RecordsBar, type RecordsShow } from './Records';
import { FIXED } from './calls';

export type VariantHead = NonNullable<NonNullable<Preview['head']>['variants']>;

const PAGE = 50;
const SAMPLES = 6;

export function Variants({ version }: { version: VersionRecord }) {
  const t = useWords();
  const [offset, setOffset] = useState(0);
  const [show, setShow] = useState<RecordsShow>('genotypes');
  const [samples, setSamples] = useState<readonly string[] | null>(null);
  const query: IPreviewQuery = {
    kind: 'head',
    offset,
    limit: PAGE,
    // Without a choice the server gives the first ten.
    columns: samples ? [...FIXED, ...(samples.length ? ['FORMAT', ...samples] : [])] : undefined
  };
  const read = usePreview(version, query);
  const cancel = useCancel(version, query);
  const header = read.data?.head?.variants;
  const first = (header?.samples ?? []).slice(0, SAMPLES);
  return (
    <div className="omicshelf-variants">
      {header?.records && (
        <RecordsBar
          header={header}
          show={show}
          onShow={setShow}
          samples={samples ?? first}
          onSamples={setSamples}
          offset={offset}
          size={PAGE}
          onOffset={setOffset}
        />
      )}
      <div className="omicshelf-variants-body">
        <Answer
          read={read}
          onCancel={cancel}
          label={t('Reading the header and the first records')}
          part={preview => preview.head?.variants}
          skeleton={<Skeleton rows={12} height={24} lines={1} />}
        >
          {found => (
            <>
              <HeaderFacts header={found} />
              {found.records && (
                <Records records={found.records} show={show} samples={samples ?? first} />
              )}
            </>
          )}
        </Answer>
      </div>
    </div>
  );
}
