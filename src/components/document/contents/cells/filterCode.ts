/** The cell that keeps what was chosen in a plot, in the kernel. */

import type { ILoadPlan, IKernels } from '../../../host';
import type { IDatasetRef, VersionRecord } from '../../../../api/records';
import { quoted, wrapped } from '../../../python';

/** What was chosen, as code can say it. */
export type Choice =
  | { kind: 'names'; names: readonly string[]; how: string }
  | { kind: 'rows'; rows: readonly number[]; how: string }
  | { kind: 'categories'; column: string; values: readonly string[]; missing: boolean }
  | {
      kind: 'outline';
      key: string;
      dimensions: readonly number[];
      corners: readonly (readonly [number, number])[];
    };

export interface ICodeSource {
  atlas: string;
  id: string;
  /** `v5`. */
  version: string;
  modality: string;
}

/** The variable that holds the data, and the lines that put it there if it is not yet. */
export interface IHolder {
  variable: string;
  load: string | null;
}

/** Write the cell: what it keeps is in `<variable>_subset`. */
export function filterCode(source: ICodeSource, holder: IHolder, choice: Choice): string {
  const { variable, load } = holder;
  const of = source.modality ? `${variable}[${quoted(source.modality)}]` : variable;
  const subset = `${variable}_subset`;
  const lines = [
    `# ${commented(`${said(choice)}, ${source.atlas}/${source.id} ${source.version}`)}`,
    ...(load ? [load] : []),
    ...selection(of, choice),
    `${subset} = ${of}[chosen].copy()`,
    subset
  ];
  return lines.join('\n');
}

function said(choice: Choice): string {
  switch (choice.kind) {
    case 'names':
      return `${choice.names.length} observations ${choice.how}`;
    case 'rows':
      return `${choice.rows.length} observations ${choice.how}, by their positions`;
    case 'categories':
      return `By ${choice.column}`;
    case 'outline':
      return `All observations inside of an outline on ${choice.key}`;
  }
}

function selection(of: string, choice: Choice): string[] {
  switch (choice.kind) {
    case 'names':
      return [`chosen = ${of}.obs_names.isin([`, ...wrapped(choice.names.map(quoted)), '])'];
    case 'rows':
      return ['import numpy as np', 'chosen = np.r_[', ...wrapped(ranges(choice.rows)), ']'];
    case 'categories':
      return byCategory(of, choice);
    case 'outline':
      return byOutline(of, choice);
  }
}

function byCategory(of: string, choice: Extract<Choice, { kind: 'categories' }>): string[] {
  const column = `${of}.obs[${quoted(choice.column)}]`;
  if (!choice.values.length) {
    return [`chosen = ${column}.isna()`];
  }
  // Categories may be numbers or truth values, and are listed here as text.
  const kept = ['values = ' + column, 'chosen = values.astype(str).isin(['];
  const end = choice.missing ? ']) | values.isna()' : ']) & values.notna()';
  return [...kept, ...wrapped(choice.values.map(quoted)), end];
}

function byOutline(of: string, choice: Extract<Choice, { kind: 'outline' }>): string[] {
  const corners = choice.corners.map(([x, y]) => `(${number(x)}, ${number(y)})`);
  const [across, up] = choice.dimensions;
  return [
    'import numpy as np',
    `x, y = np.asarray(${of}.obsm[${quoted(choice.key)}])[:, [${across}, ${up}]].T`,
    'corners = [',
    ...wrapped(corners),
    ']',
    '# Inside is what a line to the right leaves across an odd number of sides.',
    'chosen = np.zeros(len(x), dtype=bool)',
    'for (ax, ay), (bx, by) in zip(corners, corners[1:] + corners[:1]):',
    '    if ay != by:',
    '        chosen ^= ((ay > y) != (by > y)) & (x < (bx - ax) * (y - ay) / (by - ay) + ax)'
  ];
}

/** A text in a comment: of one line, and without characters that turn it around. */
function commented(text: string): string {
  return text.replace(/[\p{C}\p{Zl}\p{Zp}]/gu, '\ufffd');
}

function number(value: number): string {
  return String(Number(value.toPrecision(7)));
}

/** Positions as numpy's `r_` takes them: `0:5, 7, 9:12`. */
function ranges(rows: readonly number[]): string[] {
  const sorted = [...rows].sort((a, b) => a - b);
  const found: string[] = [];
  for (let from = 0; from < sorted.length;) {
    let to = from;
    while (to + 1 < sorted.length && sorted[to + 1] === sorted[to] + 1) {
      to += 1;
    }
    found.push(to > from ? `${sorted[from]}:${sorted[to] + 1}` : String(sorted[from]));
    from = to + 1;
  }
  return found;
}

/** Find the variable of the kernel that holds this version, or how to load it into one. */
export async function holderOf(
  kernels: IKernels | undefined,
  dataset: IDatasetRef,
  version: VersionRecord
): Promise<IHolder> {
  const named = `v${version.seq}`;
  if (!kernels?.current) {
    return { variable: 'adata', load: loadCode(dataset, named) };
  }
  const there = (await kernels.variables()).find(
    ({ loadedFrom }) =>
      loadedFrom?.atlas === dataset.atlas &&
      loadedFrom.id === dataset.id &&
      loadedFrom.version === named
  );
  if (there) {
    return { variable: there.name, load: null };
  }
  const plan = await freePlan(kernels, dataset, version);
  return { variable: plan.variable, load: plan.code };
}

async function freePlan(
  kernels: IKernels,
  dataset: IDatasetRef,
  version: VersionRecord
): Promise<ILoadPlan> {
  const plan = await kernels.plan(dataset, version, { how: 'insert' });
  return plan.obstacle?.kind === 'exists'
    ? kernels.plan(dataset, version, { how: 'insert', variable: plan.obstacle.free })
    : plan;
}

function loadCode(dataset: IDatasetRef, version: string): string {
  const { atlas, id } = dataset;
  return (
    'from omicshelf import Catalog\n' +
    `adata = Catalog(${quoted(atlas)}).load(${quoted(id)}, version=${quoted(version)})`
  );
}
