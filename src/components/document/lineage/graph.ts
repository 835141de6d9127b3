/** The graph that is drawn: versions, and the notebooks that made them, between. */

import type { LineageAnswer } from '../../../api/records';

/** A version as the server tells it. */
export interface IVersionNode {
  version_id: string;
  atlas: string | null;
  dataset_id: string | null;
  version: string | null;
  created_at: number | null;
  author: string | null;
  notebook: string | null;
  /** It was purged, or is of another catalog. */
  missing: boolean;
}

export type EdgeKind = 'parent' | 'rollback' | 'session' | 'made';

export type GraphNode =
  | { kind: 'version'; id: string; version: IVersionNode }
  /** A notebook as it made one version. */
  | { kind: 'notebook'; id: string; path: string; made: IVersionNode };

export interface IGraphEdge {
  source: string;
  target: string;
  kind: EdgeKind;
}

export interface IGraph {
  /** The version that it is about. */
  root: string;
  nodes: GraphNode[];
  edges: IGraphEdge[];
  /** Versions that are too far away to be drawn. */
  folded: number;
}

/** As many versions can be drawn at once, and looked through. */
export const MOST_DRAWN = 120;

/** Make the graph of an answer: those that are nearest to the version, at most so many. */
export function graphOf(answer: LineageAnswer, most = MOST_DRAWN): IGraph {
  // The server's schema says "objects"; what is in them is said in `catalog.lineage`.
  const versions = answer.nodes as unknown as IVersionNode[];
  const links = answer.edges as unknown as IGraphEdge[];
  const near = nearest(answer.version_id, links, most);
  const shown = versions.filter(version => near.has(version.version_id));
  const nodes: GraphNode[] = [];
  const edges: IGraphEdge[] = [];
  for (const version of shown) {
    const id = version.version_id;
    nodes.push({ kind: 'version', id, version });
    const sources = links.filter(link => link.target === id && near.has(link.source));
    if (!version.notebook) {
      edges.push(...sources);
      continue;
    }
    const notebook = `notebook of ${id}`;
    nodes.push({ kind: 'notebook', id: notebook, path: version.notebook, made: version });
    edges.push(...once(sources.map(link => ({ ...link, target: notebook }))));
    edges.push({ source: notebook, target: id, kind: 'made' });
  }
  return { root: answer.version_id, nodes, edges, folded: versions.length - shown.length };
}

/** A parent that was read in the same session is one input. */
function once(edges: readonly IGraphEdge[]): IGraphEdge[] {
  const seen = new Map<string, IGraphEdge>();
  for (const edge of edges) {
    if (!seen.has(edge.source) || edge.kind === 'parent') {
      seen.set(edge.source, edge);
    }
  }
  return [...seen.values()];
}

function nearest(root: string, edges: readonly IGraphEdge[], most: number): Set<string> {
  const beside = new Map<string, string[]>();
  const note = (a: string, b: string) => beside.set(a, [...(beside.get(a) ?? []), b]);
  for (const { source, target } of edges) {
    note(source, target);
    note(target, source);
  }
  const found = new Set([root]);
  for (const id of found) {
    for (const next of beside.get(id) ?? []) {
      if (found.size >= most) {
        return found;
      }
      found.add(next); // a set that grows is walked to its end
    }
  }
  return found;
}

/** What stands before or after a node, in the order in which it is drawn. */
export function neighbours(graph: IGraph, id: string, way: 'before' | 'after'): string[] {
  return way === 'before'
    ? graph.edges.filter(edge => edge.target === id).map(edge => edge.source)
    : graph.edges.filter(edge => edge.source === id).map(edge => edge.target);
}
