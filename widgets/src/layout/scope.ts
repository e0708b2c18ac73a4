/** One scope laid out by itself: its cells arranged, and the ways of its arrows. */

import { cell, type Arrow, type Cell } from './cells.js';
import { arrange, type Extent, type Spacing } from './layers.js';

/** A box in the scope; an open scope inside of it has ports. */
export interface Part {
  width: number;
  height: number;
}

export interface PlanArrow {
  source: number;
  target: number;
  /** Arrows with equal keys to one target run together. */
  key: number;
  begin: number;
  end: number;
  /** Whether it begins at a port; others leave their box side by side. */
  atPort: boolean;
  /** Whether it may bend where it begins and ends. */
  loose: boolean;
}

/** What a scope is to arrange: parts, then ports on top, then ports at the bottom. */
export interface Plan {
  parts: Part[];
  ins: number;
  outs: number;
  arrows: PlanArrow[];
}

/** Places relative to the scope's inside. */
export interface Arranged extends Extent {
  /** Middle and top of parts and ports, in the plan's order. */
  x: Float64Array;
  y: Float64Array;
  /** The way of each arrow, as x and y by turns. */
  ways: Float64Array[];
  flipped: boolean[];
  /** The arrow that each joins on its way; -1 where it runs alone to its end. */
  joins: number[];
}

const PORT_WIDTH = 14;
/** Distance between lines that leave a box side by side. */
const SIDE_BY_SIDE = 16;

export function arrangeScope(plan: Plan, spacing: Spacing): Arranged {
  const cells: Cell[] = plan.parts.map((part, n) => cell('box', part.width, part.height, -n));
  for (let n = 0; n < plan.ins; n++) cells.push(cell('in', PORT_WIDTH, 0));
  for (let n = 0; n < plan.outs; n++) cells.push(cell('out', PORT_WIDTH, 0));
  const count = cells.length;
  const arrows = plan.arrows.map((a): Arrow => ({ ...a, rail: [], joins: -1, flipped: false }));
  const extent = arrange(cells, arrows, spacing);
  const starts = spreadStarts(cells, arrows, plan.arrows);
  return {
    ...extent,
    x: Float64Array.from({ length: count }, (_, i) => cells[i]!.x),
    y: Float64Array.from({ length: count }, (_, i) => cells[i]!.y),
    ways: arrows.map((arrow, n) => wayOf(cells, arrow, starts[n]!, extent)),
    flipped: arrows.map(arrow => arrow.flipped),
    joins: arrows.map(arrow => arrow.joins),
  };
}

/** Where each arrow leaves its box: side by side, in the order in which they go on. */
function spreadStarts(cells: Cell[], arrows: Arrow[], planned: PlanArrow[]): number[] {
  const starts = arrows.map(arrow => cells[arrow.source]!.x + arrow.begin);
  const leaving = new Map<number, number[]>();
  for (const [n, arrow] of arrows.entries()) {
    if (arrow.flipped || planned[n]!.atPort) continue;
    leaving.set(arrow.source, [...(leaving.get(arrow.source) ?? []), n]);
  }
  for (const [source, group] of leaving) {
    if (group.length < 2) continue;
    const next = (n: number): number => {
      const arrow = arrows[n]!;
      return cells[arrow.rail[0] ?? arrow.target]!.x;
    };
    group.sort((a, b) => next(a) - next(b));
    const { x, width } = cells[source]!;
    const step = Math.min(SIDE_BY_SIDE, Math.max(width - 28, 0) / (group.length - 1));
    for (const [k, n] of group.entries()) starts[n] = x + (k - (group.length - 1) / 2) * step;
  }
  return starts;
}

function wayOf(cells: Cell[], arrow: Arrow, start: number, extent: Extent): Float64Array {
  const [u, v] = [cells[arrow.source]!, cells[arrow.target]!];
  if (arrow.flipped) {
    const [ux, vx] = [u.x + u.width / 2, v.x + v.width / 2];
    const way = [ux, u.y + u.height / 2];
    for (const i of [...arrow.rail].reverse()) {
      const c = cells[i]!;
      way.push(c.x, c.y + c.height, c.x, c.y);
    }
    return Float64Array.of(...way, vx, v.y + v.height / 2);
  }
  const way = [start, u.y + u.height];
  let column = u.column;
  const pass = (to: Cell, x: number, y: number): void => {
    if (to.column === column) return;
    way.push(...passage(extent, column, way[way.length - 2]!, x, y));
    column = to.column;
  };
  for (const i of arrow.rail) {
    const c = cells[i]!;
    pass(c, c.x, c.y);
    way.push(c.x, c.y, c.x, c.y + c.height);
  }
  if (arrow.joins >= 0) return Float64Array.from(way);
  pass(v, v.x + arrow.end, v.y);
  way.push(v.x + arrow.end, v.y);
  return Float64Array.from(way);
}

/** From the foot of a column up to the head of the next. */
function passage(extent: Extent, column: number, from: number, x: number, y: number): number[] {
  const { right, bottom } = extent.columns[column]!;
  const foot = bottom + 10;
  const gutter = right + 24;
  const head = y - 10;
  return [from, foot, gutter, foot, gutter, head, x, head];
}
