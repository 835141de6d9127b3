/** What part of a drawing is seen: moved, made larger and smaller, and fitted. */

import { type PointerEvent, type RefObject, useCallback, useEffect, useRef, useState } from 'react';

export interface IView {
  x: number;
  y: number;
  scale: number;
}

const SMALLEST = 0.2;
const LARGEST = 2;

export interface IPanZoom {
  view: IView;
  fit: () => void;
  zoom: (factor: number) => void;
  /** Move so far that a place is seen. */
  reveal: (x: number, y: number) => void;
  pointer: {
    onPointerDown: (event: PointerEvent) => void;
    onPointerMove: (event: PointerEvent) => void;
    onPointerUp: (event: PointerEvent) => void;
  };
}

export function usePanZoom(
  element: RefObject<SVGSVGElement>,
  size: { width: number; height: number } | null
): IPanZoom {
  const [view, setView] = useState<IView>({ x: 0, y: 0, scale: 1 });
  const held = useRef<{ x: number; y: number } | null>(null);

  const fit = useCallback(() => {
    const box = element.current?.getBoundingClientRect();
    if (!box || !size || !box.width) {
      return;
    }
    // What is small is not made larger than it is.
    const scale = Math.max(SMALLEST, Math.min(1, box.width / size.width, box.height / size.height));
    setView({
      scale,
      x: (box.width - size.width * scale) / 2,
      y: (box.height - size.height * scale) / 2
    });
  }, [element, size]);
  useEffect(fit, [fit]);

  const zoomAt = useCallback(
    (factor: number, px: number, py: number) =>
      setView(now => {
        const scale = Math.max(SMALLEST, Math.min(LARGEST, now.scale * factor));
        const by = scale / now.scale;
        return { scale, x: px - (px - now.x) * by, y: py - (py - now.y) * by };
      }),
    []
  );
  const zoom = useCallback(
    (factor: number) => {
      const box = element.current?.getBoundingClientRect();
      zoomAt(factor, (box?.width ?? 0) / 2, (box?.height ?? 0) / 2);
    },
    [element, zoomAt]
  );
  useWheel(element, zoomAt);

  const reveal = useCallback(
    (x: number, y: number) => {
      const box = element.current?.getBoundingClientRect();
      if (!box?.width) {
        return;
      }
      const margin = 100;
      setView(now => {
        const [px, py] = [now.x + x * now.scale, now.y + y * now.scale];
        return {
          ...now,
          x: now.x + inside(px, margin, box.width - margin) - px,
          y: now.y + inside(py, margin / 2, box.height - margin / 2) - py
        };
      });
    },
    [element]
  );

  const pointer = {
    onPointerDown: (event: PointerEvent) => {
      if (event.button === 0 && !(event.target as Element).closest('[data-node]')) {
        held.current = { x: event.clientX, y: event.clientY };
        event.currentTarget.setPointerCapture?.(event.pointerId);
      }
    },
    onPointerMove: (event: PointerEvent) => {
      const from = held.current;
      if (from) {
        held.current = { x: event.clientX, y: event.clientY };
        const [dx, dy] = [event.clientX - from.x, event.clientY - from.y];
        setView(now => ({ ...now, x: now.x + dx, y: now.y + dy }));
      }
    },
    onPointerUp: () => {
      held.current = null;
    }
  };
  return { view, fit, zoom, reveal, pointer };
}

function inside(value: number, least: number, most: number): number {
  return Math.max(least, Math.min(Math.max(least, most), value));
}

/** The wheel with Ctrl, or two fingers apart, make it larger; alone it scrolls the page. */
function useWheel(
  element: RefObject<SVGSVGElement>,
  zoomAt: (factor: number, x: number, y: number) => void
): void {
  useEffect(() => {
    const svg = element.current;
    const turned = (event: WheelEvent) => {
      if (!event.ctrlKey && !event.metaKey) {
        return;
      }
      event.preventDefault();
      const box = svg!.getBoundingClientRect();
      zoomAt(Math.exp(-event.deltaY / 300), event.clientX - box.left, event.clientY - box.top);
    };
    // React's own listener could not keep the page from being zoomed.
    svg?.addEventListener('wheel', turned, { passive: false });
    return () => svg?.removeEventListener('wheel', turned);
  }, [element, zoomAt]);
}
