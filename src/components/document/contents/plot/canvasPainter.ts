/** Points drawn without WebGL: pixel by pixel into one image. */

import { channels } from './palette';
import { type ILook, type IPainter, FADED_OPACITY, OPACITY } from './painter';
import type { IPoints } from './points';
import type { ISize, IView } from './view';

/** A disc: how much of each pixel around its middle it covers. */
interface IStamp {
  side: number;
  cover: Float32Array;
}

/**
 * Draw points on a 2D canvas.
 *
 * A canvas's own circles take a third of a second for 50,000 points; writing the pixels of a small
 * disc for each takes some milliseconds, and looks the same.
 */
export function canvasPainter(canvas: HTMLCanvasElement): IPainter {
  const context = canvas.getContext('2d', { alpha: false });
  let size: ISize = { width: 0, height: 0 };
  let ratio = 1;
  let points: IPoints | null = null;
  let look: ILook | null = null;
  let background: [number, number, number] = [255, 255, 255];
  let image: ImageData | null = null;

  return {
    kind: 'canvas',
    resize(newSize, newRatio) {
      size = newSize;
      ratio = newRatio;
      canvas.width = Math.max(1, Math.round(size.width * ratio));
      canvas.height = Math.max(1, Math.round(size.height * ratio));
      image = null;
    },
    show(newPoints, newLook, color) {
      points = newPoints;
      look = newLook;
      background = channels(color);
    },
    draw(view) {
      if (!context || !points || !look || !size.width || !size.height) {
        return;
      }
      image ??= context.createImageData(canvas.width, canvas.height);
      // Opaque, in the order of bytes of this machine: all that runs a browser is little-endian.
      new Uint32Array(image.data.buffer).fill(packed(background));
      stampAll(image, points, look, view, size, ratio);
      context.putImageData(image, 0, 0);
    },
    dispose() {
      image = points = look = null;
    }
  };
}

function packed([r, g, b]: [number, number, number]): number {
  return ((255 << 24) | (b << 16) | (g << 8) | r) >>> 0;
}

function stampAll(
  image: ImageData,
  points: IPoints,
  look: ILook,
  view: IView,
  size: ISize,
  ratio: number
): void {
  const { codes, order, faded } = look;
  const stamp = stampOf(look.diameter * ratio);
  const colors = look.colors.map(channels);
  const scale = view.scale * ratio;
  const left = (size.width / 2) * ratio - view.x * scale - stamp.side / 2;
  const top = (size.height / 2) * ratio + view.y * scale - stamp.side / 2;
  for (let n = 0; n < order.length; n++) {
    const i = order[n];
    const x = Math.round(left + points.x[i] * scale);
    const y = Math.round(top - points.y[i] * scale);
    if (x <= -stamp.side || y <= -stamp.side || x >= image.width || y >= image.height) {
      continue;
    }
    blend(image, stamp, x, y, colors[codes[i]], faded?.[i] ? FADED_OPACITY : OPACITY);
  }
}

function blend(
  image: ImageData,
  { side, cover }: IStamp,
  x: number,
  y: number,
  [r, g, b]: [number, number, number],
  opacity: number
): void {
  const { data, width, height } = image;
  const lastRow = Math.min(side, height - y);
  const lastColumn = Math.min(side, width - x);
  for (let row = Math.max(0, -y); row < lastRow; row++) {
    let at = ((y + row) * width + x + Math.max(0, -x)) * 4;
    for (let column = Math.max(0, -x); column < lastColumn; column++, at += 4) {
      const share = cover[row * side + column] * opacity;
      data[at] += (r - data[at]) * share;
      data[at + 1] += (g - data[at + 1]) * share;
      data[at + 2] += (b - data[at + 2]) * share;
    }
  }
}

/** A disc with a soft edge of a pixel. */
export function stampOf(diameter: number): IStamp {
  const side = Math.max(1, Math.ceil(diameter));
  const cover = new Float32Array(side * side);
  for (let row = 0; row < side; row++) {
    for (let column = 0; column < side; column++) {
      const away = Math.hypot(row + 0.5 - side / 2, column + 0.5 - side / 2);
      cover[row * side + column] = Math.min(1, Math.max(0, diameter / 2 - away + 0.5));
    }
  }
  return { side, cover };
}
