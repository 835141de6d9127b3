/** An annotated matrix: X, raw, where the counts are, its columns, embeddings and other parts. */

import { useMemo } from 'react';
import { count, LinkButton, measure, share, useWords } from '../../base';
import { useDiff, useVersions } from '../../data';
import type { Element } from '../../../api/records';
import type { Translate } from '../../words';
import { versionName } from '../reference';
import { ColumnsTable } from './ColumnsTable';
import { annotated, type IAnnotated, type IModality } from './elements';
import { Embeddings } from './Embeddings';
import { Facts, type IFact } from './FactList';
import type { ISummaryProps } from './SummaryView';
import { useLastCounts } from './useLastCounts';

export interface IAnnotatedProps extends ISummaryProps {
  modality?: IModality;
}

export function AnnotatedView(props: IAnnotatedProps) {
  const t = useWords();
  const { summary, version, dataset, modality, onTab } = props;
  const prefix = modality ? `mod/${modality.name}/` : '';
  const parts = useMemo(() => annotated(summary, prefix), [summary, prefix]);
  const added = useAdded(props);
  const isNew = (room: string) =>
    new Set(
      added
        .filter(path => path.startsWith(`${prefix}${room}/`))
        .map(path => path.slice(prefix.length + room.length + 1))
    );
  const names = added.length ? versionName(version) : undefined;
  return (
    <>
      <Facts facts={useFacts(props, parts)} />
      <ColumnsTable
        title={summary.kind === 'matrix' ? t('Sample columns (obs)') : t('obs columns')}
        columns={parts.obs}
        table="obs"
        isNew={isNew('obs')}
        newIn={names}
      />
      <ColumnsTable
        title={summary.kind === 'matrix' ? t('Row columns (var)') : t('var columns')}
        columns={parts.var}
        table="var"
        isNew={isNew('var')}
        newIn={names}
      />
      <Embeddings
        dataset={dataset}
        version={version}
        parts={parts}
        modality={modality?.name}
        onOpen={() => onTab('contents')}
      />
    </>
  );
}

/** The paths of the elements that this version has and the one before it had not. */
function useAdded({ dataset, version }: IAnnotatedProps): string[] {
  const { data: versions } = useVersions(dataset);
  const before = versions?.find(one => one.seq < version.seq);
  const { data } = useDiff(dataset, before?.version_id, before && version.version_id);
  return useMemo(() => {
    const elements = data?.changes.elements as { added?: Record<string, unknown> } | undefined;
    return Object.keys(elements?.added ?? {});
  }, [data]);
}

function useFacts(props: IAnnotatedProps, parts: IAnnotated): IFact[] {
  const t = useWords();
  const { summary, version, dataset, modality, onVersion } = props;
  const { x, rawX } = parts;
  const looksLike = modality ? modality.looksLike : summary.x_looks_like;
  const counts = modality ? modality.countsIn : summary.counts_in;
  const searched = x !== undefined && counts === null && !modality;
  const last = useLastCounts(dataset, version, searched);
  const judged = summary.details?.x_judged_from;
  const missing = last ? (
    <>
      {t('none; in')}{' '}
      <LinkButton onClick={() => onVersion(versionName(last.version))}>
        {versionName(last.version)}
      </LinkButton>{' '}
      <code>{place(last.place)}</code>
    </>
  ) : (
    t('none')
  );
  return [
    {
      label: 'X',
      // A MuData as a whole has none: its modalities have.
      value: x ? matrixWords(t, x, looksLike) : summary.kind === 'mudata' ? null : t('none'),
      hint: x && range(t, x),
      title: typeof judged === 'string' ? t('Judged from {what}', { what: judged }) : undefined
    },
    { label: t('Non-zero'), value: x && nonZero(t, x) },
    { label: 'raw', value: rawX && `${storedWords(t, rawX)}, ${columnsOf(t, rawX)}` },
    {
      label: t('Raw counts'),
      value: counts === null ? searched ? missing : x && t('none') : <code>{place(counts)}</code>
    },
    {
      label: t('Embeddings'),
      value: parts.embeddings
        .map(({ name, element }) => `${name} (${element.shape?.[1] ?? '?'})`)
        .join(', ')
    },
    {
      label: t('Gene names'),
      value: modality ? null : geneNames(t, summary.var_names_kind),
      title: summary.var_names_examples?.join(', ')
    }
  ];
}

/** `float32, dense, scaled`. */
function matrixWords(t: Translate, element: Element, looksLike: string | null): string {
  const words = [element.dtype, storedWords(t, element), looksWords(t, looksLike)];
  return words.filter(Boolean).join(', ');
}

function storedWords(t: Translate, element: Element): string {
  const form = /^(cs[rc])_/.exec(element.kind)?.[1];
  return form ? t('sparse ({form})', { form }) : t('dense');
}

function looksWords(t: Translate, looksLike: string | null): string | null {
  switch (looksLike) {
    case 'counts':
      return t('raw counts');
    case 'log-normalised':
      return t('log-normalised');
    case 'normalised':
      return t('normalised');
    case 'scaled':
      return t('scaled');
    case 'binary':
      return t('zeros and ones');
    case 'empty':
      return t('empty');
    default:
      return looksLike;
  }
}

function range(t: Translate, { min, max }: Element): string | null {
  if (min === null || max === null) {
    return null;
  }
  return t('({low} to {high})', { low: measure(min), high: measure(max) });
}

function nonZero(t: Translate, { nnz, shape }: Element): string | null {
  const cells = shape && shape.length === 2 ? shape[0] * shape[1] : 0;
  return nnz === null || !cells
    ? null
    : t('{n}, {share}', { n: count(nnz), share: share(nnz, cells) });
}

function columnsOf(t: Translate, element: Element): string {
  const n = element.shape?.[1] ?? 0;
  return t.plural('{count} gene', '{count} genes', n, { count: count(n) });
}

/** Where it is, as it is written in Python: `layers["counts"]`, `raw.X`. */
function place(path: string): string {
  const modality = /^mod\/([^/]+)\/(.*)$/.exec(path);
  const [before, inside] = modality ? [`["${modality[1]}"].`, modality[2]] : ['', path];
  const layer = /^layers\/(.*)$/.exec(inside);
  return before + (layer ? `layers["${layer[1]}"]` : inside.replace(/^raw\//, 'raw.'));
}

function geneNames(t: Translate, kind: string | null): string | null {
  switch (kind) {
    case 'symbol':
      return t('symbols');
    case 'ensembl':
      return t('Ensembl ids');
    case 'entrez':
      return t('Entrez ids');
    default:
      return kind;
  }
}
