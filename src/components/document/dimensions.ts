/** How large data are, in the words of their kind. */

import type { VersionRecord } from '../../api/records';
import type { Translate } from '../words';

/** What the two dimensions of a format are called; null where it has none. */
export function dimensionWords(
  t: Translate,
  version: Pick<VersionRecord, 'data_format' | 'data_type'>
): readonly [string, string] | null {
  const format = (version.data_format ?? '').replace(/\+.*$/, '');
  switch (format) {
    case 'h5ad':
    case 'h5mu':
    case 'loom':
    case 'zarr':
    case '10x_h5':
    case '10x_mtx':
      return /bulk|sample/i.test(version.data_type)
        ? [t('samples'), t('genes')]
        : [t('cells'), t('genes')];
    case 'gct':
    case 'gctx':
      return [t('samples'), t('genes')];
    case 'vcf':
    case 'bcf':
      return [t('variants'), t('samples')];
    default:
      return version.data_format ? [t('rows'), t('columns')] : null;
  }
}
