/** What of a scene is worth drawing in a window on it: never more than a screen can show. */

import type { Box } from '../model/box.js';
import type { Scene } from './scene.js';

/** A rectangle of the scene, and how many pixels a unit of it has. */
export interface Window {
  left: number;
  top: number;
  right: number;
  bottom: number;
  scale: number;
}

export interface Visible {
  hulls: Box[];
  /** Hulls that are too small to look into. */
  distant: Box[];
  boxes: Box[];
  pieces: number[];
}

/** Drawn items at most. */
const MOST = 1500;
/** Hulls under so many pixels are drawn without what is in them. */
const SMALL_HULL = 26;

export function visibleIn(scene: Scene, window: Window): Visible {
  for (let small = SMALL_HULL; ; small *= 1.6) {
    const visible = collect(scene, window, small);
    const { hulls, distant, boxes, pieces } = visible;
    const count = hulls.length + distant.length + boxes.length + pieces.length;
    if (count <= MOST || small > 400) {
      visible.pieces.length = Math.min(pieces.length, Math.max(MOST - boxes.length, 200));
      return visible;
    }
  }
}

function collect(scene: Scene, window: Window, small: number): Visible {
  const { boxes, root } = scene.outline;
  const visible: Visible = { hulls: [], distant: [], boxes: [], pieces: [] };
  const open = new Uint8Array(boxes.length);
  open[root.index] = 1;
  for (const box of boxes) {
    if (box.parent === null || !open[box.parent.index] || !isIn(box, window)) continue;
    if (box.kind !== 'hull') visible.boxes.push(box);
    else if (Math.max(box.height, box.width) * window.scale < small) visible.distant.push(box);
    else {
      open[box.index] = 1;
      visible.hulls.push(box);
    }
  }
  const bounds = boundsOfPieces(scene);
  const { inside } = scene.layout;
  for (let piece = 0; piece < inside.length; piece++) {
    if (!open[inside[piece]!]) continue;
    const at = piece * 4;
    const seen =
      bounds[at]! <= window.right && bounds[at + 2]! >= window.left &&
      bounds[at + 1]! <= window.bottom && bounds[at + 3]! >= window.top; // prettier-ignore
    if (seen) visible.pieces.push(piece);
  }
  return visible;
}

function isIn({ x, y, width, height }: Box, { left, top, right, bottom }: Window): boolean {
  return x <= right && x + width >= left && y <= bottom && y + height >= top;
}

const known = new WeakMap<Scene['layout'], Float64Array>();

/** Left, top, right and bottom of each piece. */
function boundsOfPieces({ layout }: Scene): Float64Array {
  let bounds = known.get(layout);
  if (bounds) return bounds;
  const count = layout.begin.length - 1;
  bounds = new Float64Array(count * 4);
  for (let piece = 0; piece < count; piece++) {
    let [left, top, right, bottom] = [Infinity, Infinity, -Infinity, -Infinity];
    for (let k = layout.begin[piece]!; k < layout.begin[piece + 1]!; k += 2) {
      left = Math.min(left, layout.points[k]!);
      right = Math.max(right, layout.points[k]!);
      top = Math.min(top, layout.points[k + 1]!);
      bottom = Math.max(bottom, layout.points[k + 1]!);
    }
    bounds.set([left, top, right, bottom], piece * 4);
  }
  known.set(layout, bounds);
  return bounds;
}
