/**
 * Layered arrangement of one scope: what is used lies below what uses it.
 *
 * The classical steps (Sugiyama, Tagawa and Toda, 1981): turn around arrows that would close
 * a cycle, give each box a layer, lay a rail of dummies for arrows that pass layers, order
 * the layers to avoid crossings (`order.ts`), and place boxes side by side (`place.ts`).
 * The pictures of `autograd_core.debug.layers` are made the same way.  Nothing recurses.
 */

import { cell, RAIL, type Arrow, type Cell } from './cells.js';
import { wrapColumns } from './columns.js';
import { orderLayers } from './order.js';
import { closeRanks, placeCells } from './place.js';

export interface Spacing {
  x: number;
  y: number;
  /** Room between a scope's border and what lies next to it. */
  port: number;
  /** How much wider than high the whole may be; a tall one is set in columns. */
  aspect: number;
}

export interface Extent {
  width: number;
  height: number;
  /** Right border and lower end of each column but the last; none if there is one only. */
  columns: { right: number; bottom: number }[];
}

/** Place all cells; dummies are appended to them. */
export function arrange(cells: Cell[], arrows: Arrow[], spacing: Spacing): Extent {
  if (!cells.length) return { width: 0, height: 0, columns: [] };
  breakCycles(cells, arrows);
  assignLayers(cells, arrows);
  layRails(cells, arrows);
  const layers = layersOf(cells);
  orderLayers(cells, layers);
  placeCells(cells, layers, spacing.x);
  closeRanks(cells, layers, spacing.x);
  const extent = stack(cells, layers, spacing);
  return wrapColumns(cells, layers, arrows, extent, spacing);
}

/** Dummies at most; arrows that are longer than what is left run straight to their target. */
const MOST_RAILS = 60_000;
const RANK = { in: 2, box: 1, out: 0, rail: 1 } as const;

/** Arrows go from later to earlier; those that don't are laid out the other way round. */
function breakCycles(cells: Cell[], arrows: Arrow[]): void {
  for (const arrow of arrows) {
    const [u, v] = [cells[arrow.source]!, cells[arrow.target]!];
    const difference =
      RANK[u.kind] - RANK[v.kind] || u.order - v.order || arrow.target - arrow.source;
    arrow.flipped = difference < 0;
  }
}

const upper = (arrow: Arrow): number => (arrow.flipped ? arrow.target : arrow.source);
const lower = (arrow: Arrow): number => (arrow.flipped ? arrow.source : arrow.target);

/** Longest path from the top, in an order in which every arrow points forward. */
function assignLayers(cells: Cell[], arrows: Arrow[]): void {
  const following: number[][] = cells.map(() => []);
  for (const arrow of arrows) following[upper(arrow)]!.push(lower(arrow));
  const inOrder = cells.map((_, i) => i);
  inOrder.sort(
    (a, b) =>
      RANK[cells[b]!.kind] - RANK[cells[a]!.kind] || cells[b]!.order - cells[a]!.order || a - b,
  );
  const first = cells.some(c => c.kind === 'in') ? 1 : 0;
  for (const c of cells) c.layer = c.kind === 'in' ? 0 : -1;
  let last = 0;
  for (const i of inOrder) {
    const c = cells[i]!;
    if (c.layer < 0) c.layer = first;
    if (c.kind !== 'out') last = Math.max(last, c.layer);
    for (const j of following[i]!) cells[j]!.layer = Math.max(cells[j]!.layer, c.layer + 1);
  }
  for (const c of cells) if (c.kind === 'out') c.layer = last + 1;
}

/** Rails for all arrows that pass layers, as far as there is room in memory for them. */
function layRails(cells: Cell[], arrows: Arrow[]): void {
  const joined = new Set<string>();
  let room = MOST_RAILS;
  for (const group of together(cells, arrows)) {
    const [first, ...others] = group;
    const trunk = arrows[first!]!;
    const [top, bottom] = [cells[upper(trunk)]!.layer, cells[lower(trunk)]!.layer];
    const fits = bottom - top - 1 <= room;
    if (fits) room -= bottom - top - 1;
    for (let layer = top + 1; fits && layer < bottom; layer++) {
      trunk.rail.push(cells.push({ ...cell('rail', RAIL, 0), layer }) - 1);
    }
    for (const n of others) {
      const at = trunk.rail[cells[upper(arrows[n]!)]!.layer - top];
      if (at === undefined) continue;
      arrows[n]!.rail.push(at);
      arrows[n]!.joins = first!;
    }
    for (const n of group) link(cells, arrows[n]!, joined);
  }
}

/** Arrows that run together to one target, the longest first; the shortest groups first. */
function together(cells: Cell[], arrows: Arrow[]): number[][] {
  const groups = new Map<string, number[]>();
  for (const [n, arrow] of arrows.entries()) {
    const name = arrow.flipped ? `up ${n}` : `${arrow.target} ${arrow.key}`;
    const group = groups.get(name);
    if (group) group.push(n);
    else groups.set(name, [n]);
  }
  const length = (n: number): number =>
    cells[lower(arrows[n]!)]!.layer - cells[upper(arrows[n]!)]!.layer;
  const all = [...groups.values()];
  for (const group of all) group.sort((a, b) => length(b) - length(a));
  return all.sort((a, b) => length(a[0]!) - length(b[0]!));
}

/** Tell the cells along an arrow of one another. */
function link(cells: Cell[], arrow: Arrow, joined: Set<string>): void {
  const [u, v] = [upper(arrow), lower(arrow)];
  const way = arrow.joins >= 0 ? [u, ...arrow.rail] : [u, ...arrow.rail, v];
  for (let n = 1; n < way.length; n++) {
    const [a, b] = [way[n - 1]!, way[n]!];
    const name = `${a} ${b}`;
    if (joined.has(name)) continue;
    joined.add(name);
    const begin = a === u && !arrow.loose ? (arrow.flipped ? arrow.end : arrow.begin) : 0;
    const end = b === v && !arrow.loose ? (arrow.flipped ? arrow.begin : arrow.end) : 0;
    cells[a]!.below.push({ cell: b, offset: end - begin });
    cells[b]!.above.push({ cell: a, offset: begin - end });
  }
}

function layersOf(cells: Cell[]): number[][] {
  const layers: number[][] = [];
  for (const [i, c] of cells.entries()) (layers[c.layer] ??= []).push(i);
  return Array.from(layers, layer => (layer as number[] | undefined) ?? []);
}

/** Put the layers below one another; x from the left border, rails as high as their layer. */
function stack(cells: Cell[], layers: number[][], spacing: Spacing): Extent {
  let left = Infinity;
  let right = -Infinity;
  for (const c of cells) {
    left = Math.min(left, c.x - c.width / 2);
    right = Math.max(right, c.x + c.width / 2);
  }
  const ports = layers.map(layer => layer.some(i => RANK[cells[i]!.kind] !== 1));
  let y = 0;
  for (const [n, layer] of layers.entries()) {
    let tallest = 0;
    for (const i of layer) tallest = Math.max(tallest, cells[i]!.height);
    for (const i of layer) {
      const c = cells[i]!;
      c.x -= left;
      if (c.kind === 'rail') c.height = tallest; // straight past the boxes of its layer
      c.y = y + (tallest - c.height) / 2;
    }
    y += tallest;
    if (n < layers.length - 1) y += ports[n] || ports[n + 1] ? spacing.port : spacing.y;
  }
  return { width: right - left, height: y, columns: [] };
}
