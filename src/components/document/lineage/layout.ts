/** Where each node is, and the way of each edge; fetched when a graph is first drawn. */

import dagre from '@dagrejs/dagre';
import type { IGraph } from './graph';

export const NODE_WIDTH = 172;
export const NODE_HEIGHT = 48;
const MARGIN = 16;

export interface IPlaced {
  id: string;
  /** The middle. */
  x: number;
  y: number;
}

export interface IRoute {
  source: string;
  target: string;
  path: string;
}

export interface ILayout {
  width: number;
  height: number;
  nodes: ReadonlyMap<string, IPlaced>;
  edges: readonly IRoute[];
}

/** Lay it out from left to right: what was first is at the left. */
export function layOut(graph: IGraph): ILayout {
  const drawing = new dagre.graphlib.Graph();
  drawing.setGraph({ rankdir: 'LR', nodesep: 20, ranksep: 40, marginx: MARGIN, marginy: MARGIN });
  drawing.setDefaultEdgeLabel(() => ({}));
  for (const { id } of graph.nodes) {
    drawing.setNode(id, { width: NODE_WIDTH, height: NODE_HEIGHT });
  }
  for (const { source, target } of graph.edges) {
    drawing.setEdge(source, target);
  }
  dagre.layout(drawing);
  const { width = 0, height = 0 } = drawing.graph();
  return {
    width,
    height,
    nodes: new Map(
      graph.nodes.map(({ id }) => {
        const { x, y } = drawing.node(id);
        return [id, { id, x, y }];
      })
    ),
    edges: drawing.edges().map(({ v, w }) => ({
      source: v,
      target: w,
      path: curve(docked(drawing.edge(v, w).points, drawing.node(v), drawing.node(w)))
    }))
  };
}

interface IPoint {
  x: number;
  y: number;
}

/** An arrow leaves at the end of a node, and arrives at the beginning of the next. */
function docked(points: readonly IPoint[], from: IPoint, to: IPoint): readonly IPoint[] {
  if (from.x + NODE_WIDTH > to.x) {
    return points; // against the direction of reading, as in a circle
  }
  return [
    { x: from.x + NODE_WIDTH / 2, y: from.y },
    ...points.slice(1, -1),
    { x: to.x - NODE_WIDTH / 2, y: to.y }
  ];
}

/** A curve through points, which leaves and arrives in the direction of reading. */
function curve(points: readonly IPoint[]): string {
  const [first, ...rest] = points;
  let path = `M${first.x},${first.y}`;
  let before = first;
  for (const point of rest) {
    const middle = (before.x + point.x) / 2;
    path += `C${middle},${before.y} ${middle},${point.y} ${point.x},${point.y}`;
    before = point;
  }
  return path;
}
