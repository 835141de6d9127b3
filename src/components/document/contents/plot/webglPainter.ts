/** Points drawn by WebGL: a chunk of its own, loaded when there is something to draw. */

import createScatterplot, { createRenderer } from 'regl-scatterplot';

import { type ILook, type IPainter, FADED_OPACITY, OPACITY } from './painter';
import type { IPoints } from './points';
import type { IView } from './view';

type Renderer = ReturnType<typeof createRenderer>;

// A page has about sixteen WebGL contexts, and whoever asks for one more takes the oldest away:
// all plots share one, and give it back when none of them is seen.
let renderer: Renderer | null = null;
let users = 0;

function take(): Renderer {
  if (!renderer || renderer.isDestroyed) {
    renderer = createRenderer();
  }
  users += 1;
  return renderer;
}

function giveBack(): void {
  users -= 1;
  if (users === 0 && renderer) {
    const context = renderer.regl._gl;
    renderer.destroy();
    // Else the context is there until the garbage collector comes by.
    context.getExtension('WEBGL_lose_context')?.loseContext();
    renderer = null;
  }
}

/** Draw points by WebGL; it throws where that is not to be had. */
export function webglPainter(canvas: HTMLCanvasElement): IPainter {
  const shared = take();
  if (!shared.isSupported) {
    giveBack();
    throw new Error('This browser has no floating point textures.');
  }
  const plot = createScatterplot({
    canvas,
    renderer: shared,
    // What is seen and what is chosen is decided outside, alike for both ways of drawing.
    cameraIsFixed: true,
    deselectOnEscape: false,
    deselectOnDblClick: false,
    showReticle: false,
    pointScaleMode: 'constant',
    pointOutlineWidth: 0,
    colorBy: 'valueA',
    opacityBy: 'valueB',
    opacity: [OPACITY, FADED_OPACITY],
    aspectRatio: 1
  });
  let height = 1;
  let view: IView | null = null;
  let index: { length: number; data: ArrayBuffer } | null = null;
  let drawing = Promise.resolve();
  let disposed = false;

  const show = async (points: IPoints, look: ILook, background: string) => {
    if (disposed) {
      return;
    }
    await plot.set({
      backgroundColor: background,
      // Two colours at least: of one the library makes no list.
      pointColor: look.colors.length > 1 ? [...look.colors] : [...look.colors, ...look.colors],
      pointSize: look.diameter
    });
    const { order } = look;
    const columns = columnsOf(points, look);
    await plot.draw(columns, {
      zDataType: 'categorical',
      wDataType: 'categorical',
      // Nothing is looked up in the index, so that any one of the length does.
      spatialIndex: index?.length === order.length ? index.data : undefined
    });
    if (!disposed && order.length) {
      index = { length: order.length, data: plot.get('spatialIndex') };
    }
  };

  const look = () => {
    if (view && !disposed) {
      void plot.set({ cameraView: matrixOf(view, height) });
    }
  };

  return {
    kind: 'webgl',
    resize(size) {
      height = Math.max(1, size.height);
      void plot.set({ width: Math.max(1, size.width), height });
      look();
    },
    show(points, newLook, background) {
      // One after the other: the library mixes up two that overlap.
      drawing = drawing
        .then(() => show(points, newLook, background))
        .then(look)
        .catch(() => undefined); // it was disposed of meanwhile
    },
    draw(newView) {
      view = newView;
      look();
    },
    dispose() {
      disposed = true;
      plot.destroy();
      giveBack();
    }
  };
}

function columnsOf(points: IPoints, look: ILook) {
  const { order, codes, faded } = look;
  const n = order.length;
  const columns = {
    x: new Float32Array(n),
    y: new Float32Array(n),
    valueA: new Float32Array(n),
    valueB: new Float32Array(n)
  };
  for (let k = 0; k < n; k++) {
    const i = order[k];
    columns.x[k] = points.x[i];
    columns.y[k] = points.y[i];
    columns.valueA[k] = codes[i];
    columns.valueB[k] = faded?.[i] ?? 0;
  }
  return columns;
}

/** The library's camera: half the height of the canvas is one unit. */
function matrixOf(view: IView, height: number): Float32Array {
  const scale = (2 * view.scale) / height;
  // prettier-ignore
  return new Float32Array([
    scale, 0, 0, 0,
    0, scale, 0, 0,
    0, 0, 1, 0,
    -view.x * scale, -view.y * scale, 0, 1
  ]);
}
