/** What is plotted, how it looks, and which cells are chosen. */

import { useMemo, useRef, useState } from 'react';

import { type Embedding, type IPoints, diameterFor, pointsOf } from '../plot/points';
import type { ILook } from '../plot/painter';
import type { Outline } from '../plot/lasso';
import { isSpatial } from './choices';
import {
  type Categories,
  type Clip,
  type Numbers,
  categoryPaint,
  limitsOf,
  lookOf,
  numberPaint,
  plainPaint
} from './coloring';
import { type Selection, byEntries, byOutline } from './selection';

export interface IPlot {
  embedding: Embedding;
  points: IPoints;
  look: ILook;
  categories: Categories | null;
  numbers: Numbers | null;
  /** The obs column or the gene that colours the points. */
  colorName: string | null;
  /** It is an obs column. */
  byColumn: boolean;
  hidden: ReadonlySet<number>;
  setHidden: (hidden: ReadonlySet<number>) => void;
  clip: Clip;
  setClip: (clip: Clip) => void;
  diameter: number;
  setDiameter: (diameter: number) => void;
  selection: Selection | null;
  chooseInside: (outline: Outline | null) => void;
  chooseEntries: (entries: ReadonlySet<number>) => void;
}

const NONE: ReadonlySet<number> = new Set();
const PLAIN = '#7a7a7a';

/** What hangs on the colour: another colour has other categories. */
interface IByColor {
  source: string | null;
  hidden: ReadonlySet<number>;
}

export function usePlot(embedding: Embedding | null | undefined): IPlot | null {
  const points = usePoints(embedding);
  const [byColor, setByColor] = useState<IByColor>({ source: null, hidden: NONE });
  const [clip, setClip] = useState<Clip>('1');
  const [size, setSize] = useState<number | null>(null);
  const [chosen, setChosen] = useState<{
    of: IPoints;
    color: string | null;
    selection: Selection;
  } | null>(null);
  const color = embedding?.color ?? null;
  const source = color?.source ?? null;
  const hidden = byColor.source === source ? byColor.hidden : NONE;
  const categories = color?.kind === 'categories' ? color : null;
  const numbers = color?.kind === 'numbers' ? color : null;
  const diameter = size ?? diameterFor(points?.length ?? 0);
  const paint = useMemo(
    () =>
      categories
        ? categoryPaint(categories)
        : numbers
          ? numberPaint(numbers, limitsOf(numbers, clip), 'viridis')
          : plainPaint(points?.length ?? 0, PLAIN),
    [categories, numbers, clip, points]
  );
  // An outline holds for the points whatever their colour; entries go with theirs.
  const selection =
    chosen &&
    chosen.of === points &&
    (chosen.selection.kind === 'outline' || chosen.color === source)
      ? chosen.selection
      : null;
  const codes = categories?.codes ?? null;
  const look = useMemo(
    () => lookOf(paint, hidden, codes, selection?.points ?? null, diameter),
    [paint, hidden, codes, selection, diameter]
  );
  if (!embedding || !points) {
    return null;
  }
  const choose = (next: Selection | null) =>
    setChosen(next && { of: points, color: source, selection: next });
  return {
    embedding,
    points,
    look,
    categories,
    numbers,
    ...namesOf(source),
    hidden,
    setHidden: next => {
      setByColor({ source, hidden: next });
      // What is hidden is not chosen.
      if (selection) {
        choose(
          selection.kind === 'outline' ? byOutline(points, selection.outline, codes, next) : null
        );
      }
    },
    clip,
    setClip,
    diameter,
    setDiameter: setSize,
    selection,
    chooseInside: outline => choose(outline && byOutline(points, outline, codes, hidden)),
    chooseEntries: entries =>
      choose(entries.size && categories ? byEntries(categories.codes, entries) : null)
  };
}

const COLUMN = /^obs\/(.*)$/s;
const GENE = /^(?:X|raw\/X|layers\/.+?)\/(.*)$/s;

/** What colours the points, from the path that the server gives: names may have a slash too. */
function namesOf(source: string | null): Pick<IPlot, 'colorName' | 'byColumn'> {
  const column = source === null ? null : COLUMN.exec(source);
  return {
    colorName: column?.[1] ?? (source === null ? null : (GENE.exec(source)?.[1] ?? source)),
    byColumn: column !== null
  };
}

/** The points of an embedding: the same ones as before, where only their colour is another. */
function usePoints(embedding: Embedding | null | undefined): IPoints | null {
  const before = useRef<{ embedding: Embedding; points: IPoints } | null>(null);
  return useMemo(() => {
    if (!embedding) {
      return null;
    }
    if (!before.current || !samePoints(before.current.embedding, embedding)) {
      before.current = { embedding, points: pointsOf(embedding, isSpatial(embedding.key)) };
    }
    return before.current.points;
  }, [embedding]);
}

function samePoints(a: Embedding, b: Embedding): boolean {
  return (
    a.key === b.key &&
    a.n_shown === b.n_shown &&
    a.dimensions.join() === b.dimensions.join() &&
    // Of more cells than are drawn, each colour has its own choice of them.
    (a === b || a.n_shown + a.n_unplaced === a.n_obs)
  );
}
