/** Go to what a node of the lineage is: the document of a version, or a notebook. */

import type { IHost } from '../../host';
import type { GraphNode } from './graph';

/** Null where there is nothing to go to, or the host cannot. */
export function openerOf(host: IHost, node: GraphNode): (() => void) | null {
  if (node.kind === 'notebook') {
    return host.openNotebook ? () => host.openNotebook?.(node.path) : null;
  }
  const { atlas, dataset_id: id, version, missing } = node.version;
  return host.open && atlas && id && !missing
    ? () => host.open?.({ atlas, id, version: version ?? undefined })
    : null;
}
