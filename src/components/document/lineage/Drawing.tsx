/** The lineage drawn: moved and zoomed by pointer, walked through by the arrow keys. */

import { type KeyboardEvent, useEffect, useMemo, useRef } from 'react';
import { Button, classes, useWords } from '../../base';
import { type GraphNode, type IGraph, neighbours } from './graph';
import { type ILayout, layOut, NODE_HEIGHT, NODE_WIDTH } from './layout';
import { usePanZoom } from './usePanZoom';
import { linesOf, nameOf } from './words';

const DRAWN_LENGTH = 22;

interface IDrawingProps {
  graph: IGraph;
  /** The dataset that it is about. */
  own: string;
  chosen: string;
  onChoose: (id: string) => void;
  /** Go to what a node is; absent where the host has nowhere to go. */
  onOpen?: (node: GraphNode) => void;
}

export function Drawing({ graph, own, chosen, onChoose, onOpen }: IDrawingProps) {
  const t = useWords();
  const svg = useRef<SVGSVGElement>(null);
  const layout = useMemo(() => layOut(graph), [graph]);
  const { view, fit, zoom, reveal, pointer } = usePanZoom(svg, layout);
  const asked = useRef(false);
  useEffect(() => {
    const place = layout.nodes.get(chosen);
    if (asked.current && place) {
      reveal(place.x, place.y);
      svg.current?.querySelector<SVGGElement>('[data-node][tabindex="0"]')?.focus();
    }
  }, [chosen, layout, reveal]);
  const keyed = (event: KeyboardEvent) => {
    const to = target(event.key, graph, layout, chosen);
    if (to !== null) {
      event.preventDefault();
      asked.current = true;
      onChoose(to);
    }
  };
  return (
    <div className="omicshelf-graph">
      <svg
        ref={svg}
        className="omicshelf-graph-drawing"
        // Its nodes have the focus; the arrows go between them.
        role="group"
        aria-label={
          onOpen
            ? t('Lineage, drawn: the arrow keys go from step to step, Enter opens one')
            : t('Lineage, drawn: the arrow keys go from step to step')
        }
        onKeyDown={keyed}
        {...pointer}
      >
        <Arrowheads />
        <g transform={`translate(${view.x} ${view.y}) scale(${view.scale})`}>
          {layout.edges.map(({ source, target: to, path }) => (
            <path
              key={`${source} ${to}`}
              d={path}
              className={classes(
                'omicshelf-graph-edge',
                (source === chosen || to === chosen) && 'omicshelf-mod-chosen'
              )}
              markerEnd={`url(#${source === chosen || to === chosen ? 'omicshelf-tip-on' : 'omicshelf-tip'})`}
            />
          ))}
          {graph.nodes.map(node => (
            <Node
              key={node.id}
              node={node}
              own={own}
              root={node.id === graph.root}
              chosen={node.id === chosen}
              at={layout.nodes.get(node.id)!}
              onChoose={() => onChoose(node.id)}
              onOpen={onOpen && (() => onOpen(node))}
            />
          ))}
        </g>
      </svg>
      <div className="omicshelf-graph-tools">
        <Button icon="plus" label={t('Larger')} onClick={() => zoom(1.25)} />
        <Button label={t('Smaller')} onClick={() => zoom(0.8)}>
          {'\u2212'}
        </Button>
        <Button icon="fit" label={t('Fit')} onClick={fit} />
      </div>
    </div>
  );
}

/** Left and right go along the arrows; up and down to what stands above and below. */
function target(key: string, graph: IGraph, layout: ILayout, from: string): string | null {
  const here = layout.nodes.get(from);
  if (!here) {
    return null;
  }
  switch (key) {
    case 'ArrowLeft':
      return neighbours(graph, from, 'before')[0] ?? null;
    case 'ArrowRight':
      return neighbours(graph, from, 'after')[0] ?? null;
    case 'ArrowUp':
    case 'ArrowDown': {
      const sign = key === 'ArrowUp' ? -1 : 1;
      const far = (x: number, y: number) => Math.abs(y - here.y) + 2 * Math.abs(x - here.x);
      const there = [...layout.nodes.values()].filter(({ y }) => (y - here.y) * sign > 1);
      return there.sort((a, b) => far(a.x, a.y) - far(b.x, b.y))[0]?.id ?? null;
    }
    case 'Home':
      return graph.root;
    default:
      return null;
  }
}

function Arrowheads() {
  return (
    <defs>
      {['omicshelf-tip', 'omicshelf-tip-on'].map(id => (
        <marker
          key={id}
          id={id}
          viewBox="0 0 8 8"
          refX="8"
          refY="4"
          markerWidth="8"
          markerHeight="8"
          markerUnits="userSpaceOnUse"
          orient="auto"
        >
          <path d="M0 0 8 4 0 8z" className={id} />
        </marker>
      ))}
    </defs>
  );
}

interface INodeProps {
  node: GraphNode;
  own: string;
  root: boolean;
  chosen: boolean;
  at: { x: number; y: number };
  onChoose: () => void;
  onOpen?: () => void;
}

function Node({ node, own, root, chosen, at, onChoose, onOpen }: INodeProps) {
  const t = useWords();
  const [first, second] = linesOf(t, node, own);
  const missing = node.kind === 'version' && node.version.missing;
  return (
    <g
      data-node=""
      role="button"
      aria-pressed={chosen}
      aria-label={nameOf(t, node)}
      tabIndex={chosen ? 0 : -1}
      transform={`translate(${at.x - NODE_WIDTH / 2} ${at.y - NODE_HEIGHT / 2})`}
      className={classes(
        'omicshelf-graph-node',
        `omicshelf-mod-${node.kind}`,
        root && 'omicshelf-mod-root',
        chosen && 'omicshelf-mod-chosen',
        missing && 'omicshelf-mod-missing'
      )}
      onClick={onChoose}
      onDoubleClick={onOpen}
      onKeyDown={event => {
        if (event.key === 'Enter' || event.key === ' ') {
          event.preventDefault();
          // What is chosen already is opened, as by a second press.
          (chosen && event.key === 'Enter' && onOpen ? onOpen : onChoose)();
        }
      }}
    >
      <title>{nameOf(t, node)}</title>
      <rect width={NODE_WIDTH} height={NODE_HEIGHT} rx={node.kind === 'notebook' ? 16 : 2} />
      <text x="12" y="20" className="omicshelf-graph-name">
        {short(first)}
      </text>
      <text x="12" y="37">
        {short(second)}
      </text>
    </g>
  );
}

// As much as fits into a node; the whole is its tooltip, and in its details.
function short(text: string): string {
  const letters = [...text.slice(0, 2 * DRAWN_LENGTH)];
  return letters.length > DRAWN_LENGTH ? `${letters.slice(0, DRAWN_LENGTH - 1).join('')}…` : text;
}
