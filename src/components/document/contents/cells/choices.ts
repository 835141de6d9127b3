/** What of annotated data is looked at: the embedding, its dimensions, and what colours it. */

import type { IPreviewQuery } from '../../../../api/records';
import type { ContentsList } from '../Contents';

export type Modality = NonNullable<ContentsList['modalities']>[number];
export type TableFacts = NonNullable<Modality['tables']>[number];

export type ColorBy =
  | { kind: 'none' }
  | { kind: 'column'; name: string }
  | { kind: 'gene'; name: string; label: string };

export interface IPlotChoice {
  embedding: string;
  dimensions: readonly [number, number];
  color: ColorBy;
  /** Where a gene's values are: `X`, `raw/X`, `layers/<name>`. */
  matrix: string | null;
}

// What people call their clusters and cell types, the likeliest first.
const LIKELY = [/cell.?type|bulk_labels|cell.?label|annotation/i, /leiden|louvain|cluster/i];
const MOST_CATEGORIES = 100;

/** What is shown first: the embedding people look at, by its cell types or clusters. */
export function firstChoice(modality: Modality): IPlotChoice {
  return {
    embedding: modality.default_embedding ?? modality.embeddings?.[0]?.key ?? '',
    dimensions: [0, 1],
    color: firstColor(columnsOf(modality, 'obs')),
    matrix: firstMatrix(modality)
  };
}

function firstColor(columns: TableFacts['columns']): ColorBy {
  const fit = columns.filter(
    ({ type, n_categories: n }) =>
      type === 'category' && n !== null && n > 1 && n <= MOST_CATEGORIES
  );
  const likely = LIKELY.map(words => fit.find(({ name }) => words.test(name)));
  const found = likely.find(column => column !== undefined) ?? fit[0];
  return found ? { kind: 'column', name: found.name } : { kind: 'none' };
}

// As scanpy does: the values before scaling, where they were kept.
function firstMatrix({ matrices = [] }: Modality): string | null {
  return (matrices.find(({ name }) => name === 'raw/X') ?? matrices[0])?.name ?? null;
}

export function tableOf({ tables = [] }: Modality, name: string): TableFacts | undefined {
  return tables.find(table => table.name === name);
}

export function columnsOf(modality: Modality, table: string): TableFacts['columns'] {
  return tableOf(modality, table)?.columns ?? [];
}

/** The table whose rows are the genes of a matrix. */
export function genesOf(matrix: string | null): 'var' | 'raw/var' {
  return matrix === 'raw/X' ? 'raw/var' : 'var';
}

/** Columns of genes with such names say what people call them. */
export const SYMBOLS = /(^|_)(symbols?|(gene|feature)_?names?|names?)$/i;

/** Columns that say what people call a gene, where its name is an identifier. */
export function symbolColumns(modality: Modality, table: string): string[] {
  return columnsOf(modality, table)
    .filter(({ name, type }) => SYMBOLS.test(name) && (type === 'string' || type === 'category'))
    .map(({ name }) => name);
}

/** The question for the points. */
export function pointsQuery(modality: Modality, choice: IPlotChoice): IPreviewQuery {
  const { embedding, dimensions, color, matrix } = choice;
  return {
    kind: 'embedding',
    modality: modality.name || undefined,
    embedding,
    dimensions,
    color: color.kind === 'column' ? color.name : undefined,
    gene: color.kind === 'gene' ? color.name : undefined,
    matrix: color.kind === 'gene' ? (matrix ?? undefined) : undefined
  };
}

/** Images have their origin above. */
export function isSpatial(embedding: string): boolean {
  return /spatial/i.test(embedding);
}

/** The name of an axis: `UMAP 1`. */
export function axisName(embedding: string, dimension: number): string {
  const name = embedding.replace(/^X_/, '');
  return `${name.length <= 5 ? name.toUpperCase() : name} ${dimension + 1}`;
}
