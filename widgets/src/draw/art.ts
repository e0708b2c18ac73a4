/** The shapes of boxes, hulls and arrows. */

import type { Box } from '../model/box.js';
import { FLAGS, isBad, UNREACHED } from '../model/readings.js';
import { HEAD, UPWARD } from '../layout/nested.js';
import { BREAKPOINT, diverging, inkOn, position, shade, strokeWidth, VERMILION, viridis } from './colour.js'; // prettier-ignore
import { baselines, FACTS, isRegion, linesOf, regionOf, titleOf, titleSize } from './content.js';
import { textWidth, wrap } from './fonts.js';
import type { Scene } from './scene.js';
import { circle, glyph, polygon, rect, straight, text, type Line, type Shape } from './shapes.js';
import type { Window } from './visible.js';

const REGION_GAP = 9;
const MOST_REASON = 330;
const MOST_LINES = 4;
/** Words of a pause are as large in a small graph as elsewhere, down to this. */
const MOST_BLOWN_UP = 2;

/** What is seen of a scene, and how many pixels a unit of it has. */
export type Room = Omit<Window, 'bottom'>;

interface Colours {
  fill: string;
  edge: string;
  ink: string;
}

/** Fill, border and ink of a box. */
export function coloursOf(scene: Scene, box: Box): Colours {
  const { theme, summary, change } = scene;
  const flag = summary.flag[box.index]!;
  if (isBad(flag)) return { fill: theme.alarm, edge: VERMILION, ink: theme.alarmText };
  const neutral = { fill: theme.neutral, edge: theme.neutralEdge, ink: theme.text };
  if (change) {
    const changed = change[box.index]!;
    if (Number.isNaN(changed)) return neutral;
    return onColour(diverging(changed));
  }
  const norm = summary.high[box.index]!;
  if (Number.isNaN(norm) || flag === UNREACHED) return neutral;
  return onColour(viridis(position(norm)));
}

function onColour(fill: string): Colours {
  return { fill, edge: shade(fill), ink: inkOn(fill) };
}

export function boxShapes(scene: Scene, box: Box): Shape[] {
  const { fill, edge, ink } = coloursOf(scene, box);
  const { x, y, width, height } = box;
  const line = isBad(scene.summary.flag[box.index]!) ? 2.6 : 1;
  const shapes: Shape[] = [];
  if (box.kind === 'scope' || box.kind === 'fold') {
    for (const n of [2, 1]) {
      shapes.push(rect(x + 4 * n, y + 3.5 * n, width - 8 * n, height, 8, fill, edge));
    }
  }
  const frame = outlineOf(box, fill, edge, line);
  if (isRegion(box) && frame.kind === 'rect') {
    frame.dash = true;
    frame.line = 2;
  }
  shapes.push(frame);
  shapes.push(...textShapes(scene, box, ink));
  shapes.push(...glyphShapes(scene, box));
  return shapes;
}

function outlineOf(box: Box, fill: string, edge: string, line: number): Shape {
  const { x, y, width: w, height: h } = box;
  if (box.kind === 'function') {
    const cut = 12;
    return polygon(
      [x + cut, y, x + w - cut, y, x + w, y + h / 2, x + w - cut, y + h, x + cut, y + h, x, y + h / 2],
      fill, edge, Math.max(line, 1.2),
    ); // prettier-ignore
  }
  return rect(x, y, w, h, box.kind === 'leaf' ? h / 2 : 8, fill, edge, line);
}

function textShapes(scene: Scene, box: Box, ink: string): Shape[] {
  const middle = box.x + box.width / 2;
  const lines = linesOf(scene, box);
  const [first, ...rest] = baselines(box, lines);
  const centred = { anchor: 'middle' } as const;
  return [
    text(middle, box.y + first!, titleOf(box), titleSize(box), ink, { ...centred, bold: true }),
    ...lines.map(({ text: content, size, mono }, n) =>
      text(middle, box.y + rest[n]!, content, size, ink, { ...centred, mono }),
    ),
  ];
}

/** The glyph sits on the upper right corner, where no text is. */
function glyphShapes(scene: Scene, box: Box): Shape[] {
  const flag = FLAGS[scene.summary.flag[box.index]!]!;
  if (!flag || flag === 'unreached') return [];
  const { theme } = scene;
  const [x, y] = [box.x + box.width - 9, box.y + 1];
  const ink = isBad(scene.summary.flag[box.index]!) ? VERMILION : theme.text;
  return [circle(x, y, 9, theme.page, ink, 1.2), ...glyph(flag, x, y, 9, ink)];
}

export function hullShapes(scene: Scene, hull: Box): Shape[] {
  const { theme } = scene;
  const frame = rect(hull.x, hull.y, hull.width, hull.height, 12, hullFill(scene, hull), theme.hullEdge); // prettier-ignore
  if (isRegion(hull)) {
    frame.dash = true;
    frame.stroke = theme.quiet;
    frame.line = 1.8;
  }
  return [frame];
}

/** A hull's title, on a patch that keeps arrows from running through it. */
export function hullTitle(scene: Scene, hull: Box): Shape[] {
  const { theme } = scene;
  const title = titleOf(hull);
  const wide = textWidth(title, 12, true);
  const region = isRegion(hull) ? regionOf(hull) : '';
  const patch = wide + 26 + (region ? textWidth(region, FACTS) + REGION_GAP : 0);
  const shapes: Shape[] = [
    rect(hull.x + 8, hull.y + 5, patch, 19, 5, hullFill(scene, hull)),
    ...openMark(hull, theme.quiet),
    text(hull.x + 26, hull.y + 19, title, 12, theme.text, { bold: true }),
  ];
  if (region) {
    shapes.push(text(hull.x + 26 + wide + REGION_GAP, hull.y + 19, region, FACTS, theme.quiet));
  }
  return shapes;
}

function hullFill({ theme }: Scene, hull: Box): string {
  let depth = 0;
  for (let at = hull.parent; at; at = at.parent) depth++;
  return depth % 2 ? theme.hull : theme.hullInner;
}

/** The little arrow beside an open scope's title. */
function openMark(hull: Box, ink: string): Shape[] {
  const [x, y] = [hull.x + 16, hull.y + 15];
  return [polygon([x - 4.5, y - 2.5, x + 4.5, y - 2.5, x, y + 3.5], ink)];
}

/** A hull too small to read: its colour only. */
export function hullAtDistance(scene: Scene, hull: Box): Shape[] {
  const { fill, edge } = coloursOf(scene, hull);
  return [rect(hull.x, hull.y, hull.width, hull.height, 12, fill, edge, 2)];
}

// ------------------------------------------------------------------ arrows

interface ArrowLook {
  colour: string;
  width: number;
}

export function arrowLook(scene: Scene, target: Box): ArrowLook {
  const { summary, theme, change } = scene;
  const flag = summary.flag[target.index]!;
  const norm = summary.high[target.index]!;
  if (isBad(flag)) return { colour: VERMILION, width: 3 };
  if (Number.isNaN(norm) || flag === UNREACHED) return { colour: theme.edge, width: 1.2 };
  const changed = change ? change[target.index]! : NaN;
  const colour = change
    ? Number.isNaN(changed)
      ? theme.edge
      : diverging(changed)
    : viridis(position(norm));
  return { colour, width: strokeWidth(norm) };
}

/** How much an arrow to this box says: -1 where it is grey. */
function weightOf({ summary, change }: Scene, target: Box): number {
  if (isBad(summary.flag[target.index]!)) return Infinity;
  const weight = change ? Math.abs(change[target.index]!) : summary.high[target.index]!;
  return Number.isNaN(weight) ? -1 : weight;
}

/** Where the strongest arrow through a piece leads. */
function strongestIn(scene: Scene, piece: number): Box {
  const { layout, arrows, outline } = scene;
  let strongest: Box | null = null;
  let most = -Infinity;
  for (let n = layout.from[piece]!; n < layout.from[piece + 1]!; n++) {
    const target = outline.boxes[arrows.target[layout.through[n]!]!]!;
    const weight = weightOf(scene, target);
    if (strongest && weight <= most) continue;
    strongest = target;
    most = weight;
  }
  return strongest!;
}

/** A piece of one or more arrows; it looks like the strongest of them. */
export function pieceShapes(scene: Scene, piece: number): Shape[] {
  return arrowShapes(scene, piece, arrowLook(scene, strongestIn(scene, piece)));
}

/** Where arrows run over one another, the strongest is seen. */
export function weakestFirst(scene: Scene, pieces: readonly number[]): number[] {
  const weights = new Map(pieces.map(piece => [piece, weightOf(scene, strongestIn(scene, piece))]));
  return [...pieces].sort((a, b) => weights.get(a)! - weights.get(b)!);
}

export function arrowShapes(scene: Scene, piece: number, look: ArrowLook): Shape[] {
  const { layout } = scene;
  const flags = layout.flags[piece]!;
  const points = layout.points.slice(layout.begin[piece], layout.begin[piece + 1]);
  const end = points.length - 1;
  const [x, y] = [points[end - 1]!, points[end]!];
  const head = 5.5 + look.width * 0.75;
  const pointed = (flags & HEAD) !== 0 && (flags & UPWARD) === 0;
  if (pointed) points[end] = y - head + 0.5;
  const line: Line = {
    kind: 'line', points, stroke: look.colour, line: look.width, smooth: true,
    dash: (flags & UPWARD) !== 0,
  }; // prettier-ignore
  if (!pointed) return [line];
  const half = head * 0.62;
  return [line, polygon([x - half, y - head, x + half, y - head, x, y - 0.5], look.colour)];
}

// ------------------------------------------------------------------ marks on boxes

export function selectionShapes(scene: Scene, box: Box): Shape[] {
  const { x, y, width, height } = box;
  const radius = box.kind === 'leaf' ? height / 2 + 4 : 11;
  return [rect(x - 4, y - 4, width + 8, height + 8, radius, '', scene.theme.accent, 2.6)];
}

/** The dot of breakpoints: filled where one is enabled. */
export function dotShapes(scene: Scene, box: Box, enabled: boolean): Shape[] {
  const [x, y] = dotPlace(box);
  const fill = enabled ? BREAKPOINT : scene.theme.page;
  return [circle(x, y, 8, scene.theme.page), circle(x, y, 5.5, fill, BREAKPOINT, 1.8)];
}

/** In the left gutter of a box, and beside the title of a hull. */
export function dotPlace(box: Box): [x: number, y: number] {
  return [box.x, box.kind === 'hull' ? box.y + 15 : box.y + box.height / 2];
}

/** The ring around what is paused at; around a closed scope if it is in there. */
export function pauseShapes(box: Box, reason: string, room: Room): Shape[] {
  const { x, y, width, height } = box;
  const radius = box.kind === 'leaf' ? height / 2 + 7 : 14;
  const ring = rect(x - 7, y - 7, width + 14, height + 14, radius, '', VERMILION, 4);
  return [ring, ...badge(box, reason, room)];
}

/** Words above a box, or below where there is no room; in several lines if need be. */
function badge(box: Box, words: string, room: Room): Shape[] {
  const unit = Math.min(Math.max(1 / room.scale, 1), MOST_BLOWN_UP);
  const [size, line, pad] = [12 * unit, 15 * unit, 34 * unit];
  const widest = Math.min(room.right - room.left - pad, MOST_REASON * unit);
  const lines = wrap(words, widest, size, MOST_LINES, true);
  const wide = Math.max(...lines.map(each => textWidth(each, size, true))) + pad;
  const tall = 9 * unit + lines.length * line;
  const above = box.y - 8 - tall;
  const top = above < room.top && box.y > room.top ? box.y + box.height + 8 : above;
  const left = beside(box, wide, room);
  const bars = [13, 19].map(at => {
    const x = left + at * unit;
    return straight([x, top + 7 * unit, x, top + 17 * unit], '#ffffff', 3 * unit);
  });
  const baseline = top + 16.3 * unit;
  return [
    rect(left, top, wide, tall, 12 * unit, PAUSE_FILL),
    ...bars,
    ...lines.map((each, n) =>
      text(left + 26 * unit, baseline + n * line, each, size, '#ffffff', { bold: true }),
    ),
  ];
}

/** In the middle of a box, but within the room as long as the box is there. */
function beside({ x, width }: Box, wide: number, room: Room): number {
  const middle = x + width / 2;
  const seen = middle > room.left && middle < room.right;
  const left = middle - wide / 2;
  return seen ? Math.max(Math.min(left, room.right - wide), room.left) : left;
}

/** A darker vermilion, on which white text reads well (5.1:1). */
export const PAUSE_FILL = '#b34700';
