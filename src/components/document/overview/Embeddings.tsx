/** Embeddings in the small, and the names of what else is in the data. */

import { useEffect, useMemo, useRef, useState } from 'react';
import type { IDatasetRef, Preview, VersionRecord } from '../../../api/records';
import { Disclosure, safeColor, shape, Text, useWords, visible } from '../../base';
import { usePreview } from '../../data';
import type { IAnnotated, IPart } from './elements';
import { Facts } from './FactList';
import { useSeen } from './useSeen';

interface IEmbeddingsProps {
  dataset: IDatasetRef;
  version: VersionRecord;
  parts: IAnnotated;
  modality?: string;
  /** Show them in the large. */
  onOpen: () => void;
}

const DRAWN = 4;
// A thumbnail of a hundred pixels shows no more.
const POINTS = 2000;
const MOST_CATEGORIES = 60;

export function Embeddings({ version, parts, modality, onOpen }: IEmbeddingsProps) {
  const t = useWords();
  const [open, setOpen] = useState(true);
  const drawn = parts.embeddings.filter(part => (part.element.shape?.[1] ?? 0) >= 2);
  const color = useMemo(() => colorColumn(parts), [parts]);
  const rest = <Rest parts={parts} />;
  if (!drawn.length) {
    return rest;
  }
  return (
    <Disclosure
      title={t('Embeddings')}
      hint={String(parts.embeddings.length)}
      level={2}
      open={open}
      onToggle={setOpen}
    >
      <div className="omicshelf-embeddings">
        {drawn.slice(0, DRAWN).map(part => (
          <Thumbnail
            key={part.name}
            part={part}
            version={version}
            modality={modality}
            color={color}
            onOpen={onOpen}
          />
        ))}
        {rest}
      </div>
    </Disclosure>
  );
}

/** The column that colours the points: the first with colours of its own, else with categories. */
function colorColumn(parts: IAnnotated): string | undefined {
  const categorical = parts.obs.filter(
    ({ element }) =>
      element.kind === 'categorical' && (element.n_categories ?? 0) <= MOST_CATEGORIES
  );
  const found =
    categorical.find(({ element }) => element.colors) ??
    categorical.find(({ element }) => (element.n_categories ?? 0) > 1);
  return found?.name;
}

interface IThumbnailProps {
  part: IPart;
  version: VersionRecord;
  modality?: string;
  color: string | undefined;
  onOpen: () => void;
}

function Thumbnail({ part, version, modality, color, onOpen }: IThumbnailProps) {
  const t = useWords();
  const [place, seen] = useSeen<HTMLElement>();
  const { name, element } = part;
  const query = { kind: 'embedding', embedding: name, modality, color, points: POINTS } as const;
  const { data } = usePreview(version, query, seen);
  const points = data?.embedding?.key === name ? data.embedding : undefined;
  const problem = data?.problems?.[0];
  return (
    <figure className="omicshelf-embedding" ref={place}>
      <button
        type="button"
        className="omicshelf-embedding-picture"
        aria-label={t('Show {name} in the contents', { name: visible(name) })}
        onClick={onOpen}
      >
        {points ? <Points points={points} /> : problem && <Text text={problem} wrap />}
      </button>
      <figcaption>
        <Text text={name} code />
        <span className="omicshelf-dim omicshelf-number">{shape(element.shape ?? [])}</span>
      </figcaption>
    </figure>
  );
}

type Shown = NonNullable<Preview['embedding']>;

const WIDTH = 132;
const HEIGHT = 92;
const PADDING = 6;

function Points({ points }: { points: Shown }) {
  const canvas = useRef<HTMLCanvasElement>(null);
  useEffect(() => {
    const element = canvas.current;
    const ratio = Math.min(3, globalThis.devicePixelRatio || 1);
    const context = element?.getContext('2d');
    if (!element || !context) {
      return;
    }
    element.width = WIDTH * ratio;
    element.height = HEIGHT * ratio;
    context.scale(ratio, ratio);
    draw(context, points, getComputedStyle(element).getPropertyValue('--jp-brand-color1'));
  }, [points]);
  return <canvas ref={canvas} aria-hidden="true" style={{ width: WIDTH, height: HEIGHT }} />;
}

function draw(context: CanvasRenderingContext2D, points: Shown, plain: string): void {
  const [x, y] = points.coordinates;
  const [left, right] = extent(x);
  const [low, high] = extent(y);
  // One scale for both axes: an embedding that is stretched shows other distances.
  const scale = Math.min(
    (WIDTH - 2 * PADDING) / (right - left || 1),
    (HEIGHT - 2 * PADDING) / (high - low || 1)
  );
  const midX = (left + right) / 2;
  const midY = (low + high) / 2;
  const colorOf = pointColors(points, plain.trim() || 'currentColor');
  const radius = x.length > 1000 ? 0.8 : 1.1;
  for (let i = 0; i < x.length; i++) {
    const [px, py] = [x[i], y[i]];
    if (px !== null && py !== null) {
      context.fillStyle = colorOf(i);
      context.beginPath();
      context.arc(WIDTH / 2 + (px - midX) * scale, HEIGHT / 2 - (py - midY) * scale, radius, 0, 7);
      context.fill();
    }
  }
}

function extent(values: readonly (number | null)[]): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    if (value !== null) {
      low = Math.min(low, value);
      high = Math.max(high, value);
    }
  }
  return low <= high ? [low, high] : [0, 1];
}

// Hues that differ for neighbours, for categories without colours of their own.
const GOLDEN_ANGLE = 137.5;

function pointColors({ color }: Shown, plain: string): (i: number) => string {
  if (color?.kind !== 'categories') {
    return () => plain;
  }
  const { codes, colors, categories } = color;
  const palette = categories.map(
    (_, i) => safeColor(colors?.[i]) ?? `hsl(${(i * GOLDEN_ANGLE) % 360} 55% 50%)`
  );
  return i => palette[codes[i]] ?? '#9e9e9e';
}

/** Layers, obsp, varm and what is in uns. */
function Rest({ parts }: { parts: IAnnotated }) {
  const names = (list: readonly IPart[]) => list.map(part => part.name);
  return (
    <div className="omicshelf-embeddings-rest">
      <Facts
        facts={[
          { label: 'layers', value: names(parts.layers) },
          { label: 'obsp', value: names(parts.obsp) },
          { label: 'varm', value: names(parts.varm) },
          { label: 'varp', value: names(parts.varp) },
          { label: 'uns', value: parts.uns }
        ]}
      />
    </div>
  );
}
