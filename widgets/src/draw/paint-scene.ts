/** A scene onto a canvas or into a picture, in this order: hulls, arrows, boxes, marks. */

import type { Box } from '../model/box.js';
import {
  arrowShapes, boxShapes, dotShapes, hullAtDistance, hullShapes, hullTitle, pauseShapes, pieceShapes,
  selectionShapes, weakestFirst, type Room,
} from './art.js'; // prettier-ignore
import { paint, type Context } from './canvas.js';
import type { Scene } from './scene.js';
import type { Shape } from './shapes.js';
import type { Visible, Window } from './visible.js';
import { trans } from '../trans.js';

const FADED = 0.25;
/** Pixels that a badge keeps from the edge. */
const EDGE = 6;

/** Shapes that were made for a scene are kept as long as it is shown. */
export class ScenePainter {
  private boxes: (Shape[] | undefined)[] = [];
  private pieces: (Shape[] | undefined)[] = [];
  private titles: (Shape[] | undefined)[] = [];
  private scene: Scene | null = null;

  paint(context: Context, scene: Scene, visible: Visible, window: Window): number {
    const { scale } = window;
    this.keep(scene);
    for (const hull of visible.hulls) paint(context, (this.boxes[hull.index] ??= hullShapes(scene, hull)), scale); // prettier-ignore
    for (const hull of visible.distant) paint(context, hullAtDistance(scene, hull), scale);
    for (const piece of weakestFirst(scene, visible.pieces)) {
      paint(context, (this.pieces[piece] ??= pieceShapes(scene, piece)), scale);
    }
    for (const hull of visible.hulls) paint(context, (this.titles[hull.index] ??= hullTitle(scene, hull)), scale); // prettier-ignore
    this.paintOwnArrows(context, scene, visible, scale);
    for (const box of visible.boxes) this.paintBox(context, scene, box, scale);
    for (const box of [...visible.hulls, ...visible.boxes])
      this.paintDot(context, scene, box, scale);
    if (scene.selected) paint(context, selectionShapes(scene, scene.selected), scale);
    const stop = pausedBox(scene);
    if (stop) paint(context, pauseShapes(stop, reasonOf(scene), roomIn(window)), scale);
    return (
      visible.hulls.length + visible.distant.length + visible.boxes.length + visible.pieces.length
    );
  }

  private keep(scene: Scene): void {
    if (scene === this.scene) return;
    this.scene = scene;
    this.boxes = [];
    this.pieces = [];
    this.titles = [];
  }

  private paintBox(context: Context, scene: Scene, box: Box, scale: number): void {
    const faded = scene.found !== null && !scene.found.has(box.index);
    if (faded) context.globalAlpha = FADED;
    paint(context, (this.boxes[box.index] ??= boxShapes(scene, box)), scale);
    if (faded) context.globalAlpha = 1;
  }

  private paintDot(context: Context, scene: Scene, box: Box, scale: number): void {
    const breakpoints = scene.marks.at(box);
    if (!breakpoints.length) return;
    paint(
      context,
      dotShapes(
        scene,
        box,
        breakpoints.some(b => b.enabled),
      ),
      scale,
    );
  }

  /** The arrows of the selected box, over the others. */
  private paintOwnArrows(context: Context, scene: Scene, visible: Visible, scale: number): void {
    const { selected, layout, arrows, theme } = scene;
    if (!selected || selected.kind === 'hull') return;
    for (const piece of visible.pieces) {
      for (let n = layout.from[piece]!; n < layout.from[piece + 1]!; n++) {
        const pair = layout.through[n]!;
        if (arrows.source[pair] !== selected.index && arrows.target[pair] !== selected.index)
          continue;
        paint(context, arrowShapes(scene, piece, { colour: theme.accent, width: 2.4 }), scale);
        break;
      }
    }
  }
}

/** The box that shows where it is paused; a closed scope if it is in there. */
export function pausedBox(scene: Scene): Box | null {
  return scene.paused < 0
    ? null
    : (scene.outline.boxes[scene.outline.owner[scene.paused]!] ?? null);
}

export function reasonOf({ reason }: Scene): string {
  return reason ? trans.__('paused: %1', reason) : trans.__('paused');
}

function roomIn({ left, top, right, scale }: Window): Room {
  const edge = EDGE / scale;
  return { left: left + edge, top: top + edge, right: right - edge, scale };
}
