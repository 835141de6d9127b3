/**
 * Place what floats beside what it belongs to, and keep it inside the window.
 *
 * It is in the browser's top layer (`popover`), because a panel of the host may clip its children
 * and place even a fixed one by itself; it stays where it is in the document, so that it has the
 * surface's colours and words and its events reach the surface.
 */

import { useLayoutEffect, type RefObject } from 'react';

export interface IPoint {
  x: number;
  y: number;
}

/** What it belongs to: an element, or a place in the window. */
export type Anchor = Element | IPoint;

export interface IFloatingOptions {
  align?: 'start' | 'middle' | 'end';
  /** Between it and the anchor, in pixels. */
  gap?: number;
  /** It is as wide as its anchor at least. */
  sameWidth?: boolean;
}

// To the window's edge.
const MARGIN = 4;
// Less than this below, and more above: it opens upwards.
const ENOUGH = 160;

export function useFloating(
  floating: RefObject<HTMLElement>,
  anchor: Anchor | null,
  { align = 'start', gap = 2, sameWidth = false }: IFloatingOptions = {}
): void {
  useLayoutEffect(() => {
    const element = floating.current;
    if (!element || !anchor) {
      return undefined;
    }
    raise(element);
    const update = () => place(element, anchor, align, gap, sameWidth);
    update();
    const view = element.ownerDocument.defaultView ?? window;
    const resized = typeof ResizeObserver === 'undefined' ? null : new ResizeObserver(update);
    resized?.observe(element);
    view.addEventListener('scroll', update, true);
    view.addEventListener('resize', update);
    return () => {
      resized?.disconnect();
      view.removeEventListener('scroll', update, true);
      view.removeEventListener('resize', update);
    };
  }, [floating, anchor, align, gap, sameWidth]);
}

function raise(element: HTMLElement): void {
  // A browser without popovers shows it where it is, above what is beside it.
  if (typeof element.showPopover === 'function' && !element.matches(':popover-open')) {
    element.setAttribute('popover', 'manual');
    element.showPopover();
  }
}

function place(
  element: HTMLElement,
  anchor: Anchor,
  align: 'start' | 'middle' | 'end',
  gap: number,
  sameWidth: boolean
): void {
  const view = element.ownerDocument.documentElement;
  const at = anchor instanceof Element ? anchor.getBoundingClientRect() : pointRect(anchor);
  if (sameWidth) {
    element.style.minWidth = `${at.width}px`;
  }
  element.style.maxHeight = '';
  const { width, height } = element.getBoundingClientRect();

  const below = view.clientHeight - at.bottom - gap - MARGIN;
  const above = at.top - gap - MARGIN;
  const upwards = height > below && above > below && below < Math.max(ENOUGH, height);
  const room = Math.max(0, upwards ? above : below);
  if (height > room) {
    element.style.maxHeight = `${room}px`;
  }
  const top = upwards ? at.top - gap - Math.min(height, room) : at.bottom + gap;

  const rtl = getComputedStyle(element).direction === 'rtl';
  const fromLeft = align === 'middle' ? null : (align === 'start') !== rtl;
  const left =
    fromLeft === null ? (at.left + at.right - width) / 2 : fromLeft ? at.left : at.right - width;
  const most = view.clientWidth - width - MARGIN;
  element.style.top = `${Math.round(Math.max(MARGIN, top))}px`;
  element.style.left = `${Math.round(Math.max(MARGIN, Math.min(left, most)))}px`;
}

function pointRect({ x, y }: IPoint) {
  return { left: x, right: x, top: y, bottom: y, width: 0 };
}
