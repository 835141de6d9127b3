/** The records of a VCF: positions, alleles, and the genotypes of samples or the fields of INFO. */

import { useMemo } from 'react';

import {
  type IColumn,
  Segmented,
  Table,
  Text,
  count,
  exactly,
  measured,
  useWords
} from '../../../base';
import { type TablePage, widthFor } from '../tables/cells';
import { ColumnChooser } from '../tables/ColumnChooser';
import { Pager } from '../tables/Pager';
import { type IGenotype, counted, genotype, infoOf, textOf, valuesOf } from './calls';
import type { VariantHead } from './Variants';

export type RecordsShow = 'genotypes' | 'info';

export interface IRecordsBarProps {
  header: VariantHead;
  show: RecordsShow;
  onShow: (show: RecordsShow) => void;
  samples: readonly string[];
  onSamples: (samples: readonly string[]) => void;
  offset: number;
  size: number;
  onOffset: (offset: number) => void;
}

const MOST_SAMPLES = 50;

export function RecordsBar(props: IRecordsBarProps) {
  const { header, show, samples } = props;
  const t = useWords();
  const all = header.samples ?? [];
  return (
    <div className="omicshelf-contents-toolbar" role="toolbar" aria-label={t('Records')}>
      {all.length > 0 && (
        <Segmented<RecordsShow>
          label={t('Beside the alleles')}
          value={show}
          segments={[
            { value: 'genotypes', label: t('Genotypes') },
            { value: 'info', label: 'INFO' }
          ]}
          onChange={props.onShow}
        />
      )}
      {all.length > 0 && show === 'genotypes' && (
        <ColumnChooser
          words={t('{n} of {of} samples', {
            n: count(samples.length),
            of: count(header.n_samples)
          })}
          label={t('Samples')}
          find={t('Find a sample')}
          columns={all}
          chosen={samples}
          onChange={props.onSamples}
          most={MOST_SAMPLES}
        />
      )}
      <span className="omicshelf-contents-gap" />
      <Pager
        offset={props.offset}
        shown={header.records?.columns[0]?.values.length ?? 0}
        total={null}
        more={header.records?.more ?? false}
        size={props.size}
        onOffset={props.onOffset}
      />
    </div>
  );
}

export interface IRecordsProps {
  records: TablePage;
  show: RecordsShow;
  samples: readonly string[];
}

/** What a cell shows, for a column that is made of the record's text. */
type Write = (row: number) => React.ReactNode;

const MOST_FIELDS = 20;

export function Records({ records, show, samples }: IRecordsProps) {
  const t = useWords();
  const withGenotypes = show === 'genotypes' && samples.length > 0;
  const { columns, writes } = useMemo(() => {
    const made = [
      ...fixedColumns(records),
      ...(withGenotypes ? sampleColumns(records, samples, t) : infoColumns(records))
    ];
    return { columns: made.map(([column]) => column), writes: made.map(([, write]) => write) };
  }, [records, withGenotypes, samples, t]);
  return (
    <div className="omicshelf-variants-records">
      <Table
        label={t('Records')}
        columns={columns}
        nRows={records.columns[0]?.values.length ?? 0}
        offset={records.offset}
        cell={(row, _column, at) => writes[at](row)}
      />
      {withGenotypes && <GenotypeLegend />}
    </div>
  );
}

// At most: alleles may be thousands of bases long.
const WIDTHS: Record<string, number> = { REF: 72, ALT: 90, FILTER: 150 };

function fixedColumns(records: TablePage): [IColumn, Write][] {
  const quality = valuesOf(records, 'QUAL');
  const write = measured(quality.filter(value => typeof value === 'number'));
  return ['CHROM', 'POS', 'ID', 'REF', 'ALT', 'QUAL', 'FILTER'].flatMap(name => {
    const values = valuesOf(records, name);
    if (!values.length || (name === 'ID' && values.every(value => value === null))) {
      return []; // most files have no ids
    }
    if (name === 'CHROM' && new Set(values).size === 1) {
      return []; // it is told beside
    }
    const texts = values.map(value =>
      typeof value === 'number' ? (name === 'QUAL' ? write(value) : exactly(value)) : textOf(value)
    );
    const number = name === 'POS' || name === 'QUAL';
    const longest = Math.max(name.length, ...texts.map(text => text?.length ?? 0));
    const column: IColumn = {
      key: name,
      label: name,
      width: Math.min(widthFor(longest), WIDTHS[name] ?? 120),
      align: number ? 'end' : 'start'
    };
    const code = name === 'REF' || name === 'ALT';
    return [[column, row => cell(texts[row], number, code)] as [IColumn, Write]];
  });
}

function cell(text: string | null, number: boolean, code: boolean): React.ReactNode {
  if (text === null) {
    return <span className="omicshelf-dim">.</span>;
  }
  return number ? (
    <span className="omicshelf-number">{text}</span>
  ) : (
    <Text text={text} code={code} />
  );
}

function sampleColumns(
  records: TablePage,
  samples: readonly string[],
  t: ReturnType<typeof useWords>
): [IColumn, Write][] {
  const formats = valuesOf(records, 'FORMAT').map(textOf);
  return samples.map(sample => {
    const fields = valuesOf(records, sample).map(textOf);
    const column: IColumn = {
      key: `sample/${sample}`,
      label: sample,
      width: widthFor(sample.length + 1)
    };
    const write: Write = row => (
      <Genotype call={genotype(formats[row], fields[row])} field={fields[row]} words={t} />
    );
    return [column, write];
  });
}

interface IGenotypeProps {
  call: IGenotype;
  field: string | null;
  words: ReturnType<typeof useWords>;
}

/** A call; how many copies of an alternative it has is told by its look and its tooltip. */
function Genotype({ call, field, words: t }: IGenotypeProps) {
  if (call.dose === 'other') {
    return field === null ? <span className="omicshelf-dim">.</span> : <Text text={field} code />;
  }
  const says = {
    reference: t('reference'),
    one: t('one copy'),
    two: t('two copies'),
    missing: t('not called')
  }[call.dose];
  return (
    <span
      className={`omicshelf-genotype omicshelf-mod-${call.dose}`}
      title={`${says}${field ? `: ${field}` : ''}`}
    >
      {call.dose === 'missing' ? '·' : <Text text={call.text} code title={false} />}
    </span>
  );
}

function infoColumns(records: TablePage): [IColumn, Write][] {
  const infos = valuesOf(records, 'INFO').map(value => infoOf(textOf(value)));
  const keys = counted(infos.flatMap(info => [...info.keys()])).map(([key]) => key);
  return keys.slice(0, MOST_FIELDS).map(key => {
    const longest = Math.max(key.length, ...infos.map(info => info.get(key)?.length ?? 0));
    const column: IColumn = {
      key: `INFO/${key}`,
      label: key,
      width: Math.min(200, widthFor(longest))
    };
    const write: Write = row => {
      const value = infos[row].get(key);
      if (value === undefined) {
        return <span className="omicshelf-dim">.</span>;
      }
      return value === null ? '✓' : <Text text={value} />;
    };
    return [column, write];
  });
}

function GenotypeLegend() {
  const t = useWords();
  const looks: [string, string, string][] = [
    ['reference', '0/0', t('reference')],
    ['one', '0/1', t('one copy')],
    ['two', '1/1', t('two copies')],
    ['missing', '·', t('not called')]
  ];
  return (
    <p className="omicshelf-variants-legend">
      {looks.map(([look, sign, words]) => (
        <span key={look}>
          <span className={`omicshelf-genotype omicshelf-mod-${look}`} aria-hidden="true">
            <code>{sign}</code>
          </span>
          {words}
        </span>
      ))}
    </p>
  );
}
