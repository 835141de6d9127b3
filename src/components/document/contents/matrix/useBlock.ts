/** The part of a matrix that is shown, with the metadata of its columns. */

import { useMemo } from 'react';

import type { IPreviewQuery, VersionRecord } from '../../../../api/records';
import { usePreview } from '../../../data';
import { type Modality, columnsOf, symbolColumns } from '../cells/choices';
import { useCancel } from '../Reading';
import { type IAnnotation, type IBlock, annotationOf, joined, tells } from './heat';

export const ROWS = 24;
const COLUMNS = 200; // as many as one answer has
const BLOCKS = 2;
/** How many columns are shown side by side. */
export const ACROSS = COLUMNS * BLOCKS;
const CANDIDATES = 40;
const BARS = 3;

/** Where the part begins. */
export interface IWindow {
  matrix: string;
  row: number;
  column: number;
}

/** Read the blocks that lie beside each other, and give them as one. */
export function useBlock(
  version: VersionRecord,
  modality: Modality,
  at: IWindow,
  fields: readonly string[] | null
) {
  const query = (block: number): IPreviewQuery => ({
    kind: 'matrix',
    modality: modality.name || undefined,
    matrix: at.matrix || undefined,
    row_offset: at.row,
    column_offset: at.column + block * COLUMNS,
    n_rows: ROWS,
    n_columns: COLUMNS,
    ...annotationQuery(modality, at.matrix, version, fields)
  });
  const hasMatrix = Boolean(modality.matrices?.length);
  const first = usePreview(version, query(0), hasMatrix);
  const cancel = useCancel(version, query(0));
  const matrix = first.data?.matrix;
  const follows = matrix ? matrix.n_columns > at.column + COLUMNS : false;
  const second = usePreview(version, query(1), hasMatrix && follows && !first.isPlaceholderData);
  const beside = follows && !second.isPlaceholderData ? second.data?.matrix : null;
  const block = useMemo(() => {
    if (!matrix) {
      return null;
    }
    // Of another window than the first block it is not beside it.
    const fits = beside && beside.rows[0] === matrix.rows[0] && beside.source === matrix.source;
    return joined(fits ? [matrix, beside] : [matrix]);
  }, [matrix, beside]);
  return { block, read: first, onCancel: cancel };
}

// The formats whose rows are features; in all others rows are observations.
const FEATURES_DOWN = /^gctx?\b/;

/** Which metadata a block brings along: what was chosen, or the first columns that may tell. */
function annotationQuery(
  modality: Modality,
  matrix: string,
  { data_format: format }: VersionRecord,
  fields: readonly string[] | null
): Pick<IPreviewQuery, 'row_fields' | 'column_fields'> {
  const featuresDown = FEATURES_DOWN.test(format ?? '');
  const genes = matrix === 'raw/X' ? 'raw/var' : 'var';
  const across = columnsOf(modality, featuresDown ? 'obs' : genes);
  const symbols = featuresDown ? symbolColumns(modality, genes).slice(0, 1) : [];
  const readable = across.filter(({ type }) => type !== 'unreadable').map(({ name }) => name);
  const wanted = fields ?? readable.slice(0, CANDIDATES);
  return {
    row_fields: symbols.length ? symbols : undefined,
    column_fields: wanted.length ? wanted : undefined
  };
}

/** The bars above the columns: those chosen, or the first that tell something. */
export function annotationsOf(
  block: IBlock | null,
  fields: readonly string[] | null
): IAnnotation[] {
  if (!block) {
    return [];
  }
  const chosen = fields
    ? block.fields.filter(({ name }) => fields.includes(name))
    : telling(block).slice(0, BARS);
  return chosen.map(annotationOf);
}

const MOST_CATEGORIES = 12;

/** Fields with the fewest categories first, then numbers; what names each column is left out. */
function telling({ fields }: IBlock): IBlock['fields'] {
  const rank = ({ values }: IBlock['fields'][number]) => {
    const distinct = new Set(values.filter(value => value !== null)).size;
    const numbers = values.some(value => typeof value === 'number');
    return numbers ? MOST_CATEGORIES + 1 : distinct;
  };
  return fields
    .filter(tells)
    .map((field, i) => ({ field, rank: rank(field), i }))
    .filter(({ rank: place }) => place <= MOST_CATEGORIES + 1)
    .sort((a, b) => a.rank - b.rank || a.i - b.i)
    .map(({ field }) => field);
}
