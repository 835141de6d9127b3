/** Nodes and edges in words. */

import { visible } from '../../base';
import type { Translate } from '../../words';
import type { EdgeKind, GraphNode } from './graph';

/** The two lines of a node. */
export function linesOf(t: Translate, node: GraphNode, own: string): readonly [string, string] {
  if (node.kind === 'notebook') {
    const file = node.path.split('/').pop() ?? node.path;
    return [visible(file), t('made {version}', { version: node.made.version ?? '' })];
  }
  const { version } = node;
  if (version.missing) {
    return [t('not in this catalog'), version.version_id.slice(0, 8)];
  }
  const name = version.version ?? '';
  return version.dataset_id === own
    ? [name, visible(version.author ?? '')]
    : [visible(version.dataset_id ?? ''), name];
}

export function nameOf(t: Translate, node: GraphNode): string {
  if (node.kind === 'notebook') {
    return visible(node.path);
  }
  const { missing, dataset_id, version, version_id } = node.version;
  return missing
    ? t('{id}, not in this catalog', { id: version_id })
    : `${visible(dataset_id ?? '')} ${version ?? ''}`;
}

export function edgeWords(t: Translate, kind: EdgeKind): string {
  const words: Record<EdgeKind, string> = {
    parent: t('was made into'),
    rollback: t('was rolled back to, as'),
    session: t('was read in the session that made'),
    made: t('made')
  };
  return words[kind];
}
