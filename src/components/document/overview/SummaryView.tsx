/** A summary, as its kind of data is looked at. */

import { useMemo, useState } from 'react';
import type { Summary } from '../../../api/records';
import { Note, Segmented, Select, Text, useWords } from '../../base';
import { AnnotatedView } from './AnnotatedView';
import { type IModality, modalities, tableColumns } from './elements';
import { ColumnsTable } from './ColumnsTable';
import { Facts } from './FactList';
import { FileView } from './FileView';
import type { IOverviewProps } from './Overview';
import { VariantsView } from './VariantsView';

export interface ISummaryProps extends IOverviewProps {
  summary: Summary;
}

export function SummaryView(props: ISummaryProps) {
  const { summary } = props;
  return (
    <>
      <Problems problems={summary.problems ?? []} />
      <Kind {...props} />
    </>
  );
}

function Kind(props: ISummaryProps) {
  switch (props.summary.kind) {
    case 'anndata':
    case 'matrix':
      return <AnnotatedView {...props} />;
    case 'mudata':
      return <Modalities {...props} />;
    case 'table':
      return <TableView {...props} />;
    case 'variants':
      return <VariantsView {...props} />;
    default:
      return <FileView {...props} />;
  }
}

const SHOWN = 3;

function Problems({ problems }: { problems: readonly string[] }) {
  const t = useWords();
  const [all, setAll] = useState(false);
  if (!problems.length) {
    return null;
  }
  const shown = all ? problems : problems.slice(0, SHOWN);
  return (
    <div className="omicshelf-overview-problems">
      <Note
        kind="warning"
        title={t.plural('{n} problem in the data', '{n} problems in the data', problems.length)}
        actions={
          shown.length < problems.length && (
            <button type="button" className="omicshelf-link" onClick={() => setAll(true)}>
              {t('Show {n} more', { n: problems.length - shown.length })}
            </button>
          )
        }
      >
        <ul>
          {shown.map((problem, i) => (
            <Text key={i} as="li" text={problem} wrap />
          ))}
        </ul>
      </Note>
    </div>
  );
}

// More of them do not stand beside each other.
const MOST_SEGMENTS = 6;

/** A MuData: the whole, or one of its modalities. */
function Modalities(props: ISummaryProps) {
  const t = useWords();
  const { summary } = props;
  const listed = useMemo(() => modalities(summary), [summary]);
  const [chosen, setChosen] = useState('');
  const modality = listed.find(one => one.name === chosen);
  const options = [
    { value: '', label: t('All modalities') },
    ...listed.map(({ name }) => ({ value: name, label: name }))
  ];
  return (
    <>
      <div className="omicshelf-overview-modalities">
        {options.length <= MOST_SEGMENTS ? (
          <Segmented label={t('Modality')} value={chosen} segments={options} onChange={setChosen} />
        ) : (
          <Select label={t('Modality')} value={chosen} options={options} onChange={setChosen} />
        )}
      </div>
      <AnnotatedView {...props} key={chosen} modality={modality} />
    </>
  );
}

export type { IModality };

function TableView({ summary }: ISummaryProps) {
  const t = useWords();
  const columns = useMemo(() => tableColumns(summary), [summary]);
  const details = summary.details ?? {};
  const facts = [
    { label: t('Separator'), value: details.separator },
    { label: t('Encoding'), value: details.encoding },
    { label: t('Sheets'), value: details.sheets }
  ];
  return (
    <>
      <Facts facts={facts} />
      <ColumnsTable
        title={t('Columns')}
        columns={columns}
        total={summary.n_columns ?? columns.length}
        table={null}
        isNew={NOTHING}
      />
    </>
  );
}

const NOTHING: ReadonlySet<string> = new Set();
