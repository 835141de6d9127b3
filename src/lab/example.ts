/** A real dataset to try things with, in an empty catalog. */

import type { LabCatalog } from './catalog';
import type { LabKernels } from './kernels/kernels';

/** Add what comes with scanpy by a kernel, and load it there: a new notebook if none is open. */
export async function tryExample(
  catalog: LabCatalog,
  kernels: LabKernels,
  atlas: string
): Promise<void> {
  const { target, id, version } = await kernels.addExample(atlas);
  const ref = { atlas, id };
  const record = await catalog.version({ ...ref, version });
  const loaded = await kernels.load(ref, record, { target: target.id, how: 'run' });
  const { t, host } = catalog.shared;
  host.notify({
    kind: 'done',
    text: `${loaded.variable}: ${loaded.holds ?? ''}`,
    detail: t('{id} is in the catalog now, and loaded in {place}', {
      id,
      place: loaded.target.title
    })
  });
}
