/** Out of a kernel: what could be saved of it, and saving it. */

import { CatalogError } from '../../api/errors';
import type { VersionRecord } from '../../api/records';
import { type ISaved, type ISaveWish, type IVariable, SaveConflict } from '../../components/host';
import type { Translate } from '../../components/words';
import { ask } from './question';
import { type IKernelTarget, kernelOf } from './targets';

interface IConflict {
  newest: VersionRecord;
  basedOn: string | null;
  theirs: string[];
  mine: string[];
}

/** List the variables that could be saved. */
export async function savable(target: IKernelTarget): Promise<IVariable[]> {
  const kernel = target.place ? await kernelOf(target.place) : null;
  return kernel ? (await ask<{ variables: IVariable[] }>(kernel, 'variables', {})).variables : [];
}

/**
 * Save a variable of a kernel.
 *
 * @throws SaveConflict Somebody else saved first; CatalogError of what else went wrong.
 */
export async function saveFrom(
  target: IKernelTarget | null,
  wish: ISaveWish,
  t: Translate
): Promise<ISaved> {
  const kernel = target?.place ? await kernelOf(target.place) : null;
  if (!kernel) {
    throw new CatalogError(
      t('There is no kernel to save from.'),
      t('Open the notebook that has the data, and run it.'),
      'NoKernel',
      0
    );
  }
  const told = await ask<ISaved & { conflict?: IConflict }>(kernel, 'save', {
    variable: wish.variable,
    atlas: wish.atlas,
    dataset_id: wish.id,
    message: wish.message,
    create: wish.create ?? null,
    expected: wish.expectedVersion ?? null,
    dry_run: wish.dryRun ?? false
  });
  if (told.conflict) {
    const { newest, basedOn, theirs, mine } = told.conflict;
    throw new SaveConflict(newest, basedOn, theirs, mine);
  }
  return { version: told.version, changes: told.changes };
}
