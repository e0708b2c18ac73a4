/** The places of cells within their layers: straight lines, keeping order and distance. */

import type { Cell } from './cells.js';

const SWEEPS = 24;

/** Draw each cell towards its neighbours, again and again. */
export function placeCells(cells: Cell[], layers: number[][], gap: number): void {
  for (const layer of layers) {
    spread(cells, layer, layer.map(() => 0), layer.map(() => 1), gap); // prettier-ignore
  }
  for (let sweep = 0; sweep < SWEEPS; sweep++) {
    const down = sweep % 2 === 0;
    const final = sweep >= SWEEPS - 8;
    for (let n = 0; n < layers.length; n++) {
      const layer = layers[down ? n : layers.length - 1 - n]!;
      const wanted: number[] = [];
      const weights: number[] = [];
      for (const i of layer) pullOn(cells, i, down, final, wanted, weights);
      spread(cells, layer, wanted, weights, gap);
    }
  }
}

function pullOn(
  cells: Cell[],
  i: number,
  down: boolean,
  final: boolean,
  wanted: number[],
  weights: number[],
): void {
  const c = cells[i]!;
  const first = down ? c.above : c.below;
  const both = final || !first.length;
  let total = 0;
  let sum = 0;
  let strongest = 0;
  for (const near of both ? [c.above, c.below] : [first]) {
    for (const { cell, offset } of near) {
      const pull = pullOf(c, cells[cell]!);
      total += pull;
      sum += pull * (cells[cell]!.x + offset);
      strongest = Math.max(strongest, pull);
    }
  }
  wanted.push(total ? sum / total : c.x);
  weights.push(strongest || 0.2);
}

/** Rails and chains should be straight, so they pull hardest. */
function pullOf(one: Cell, two: Cell): number {
  const rails = Number(one.kind === 'rail') + Number(two.kind === 'rail');
  const [above, below] = one.layer < two.layer ? [one, two] : [two, one];
  if (rails === 2 || (above.below.length === 1 && below.above.length === 1)) return 8;
  return rails ? 2 : 1;
}

/**
 * The positions closest to the wanted ones that keep order and distance: isotonic regression
 * after the distances are taken off, by pooling neighbours that would overlap.
 */
function spread(
  cells: Cell[],
  layer: number[],
  wanted: number[],
  weights: number[],
  gap: number,
): void {
  const offsets: number[] = [0];
  for (let n = 1; n < layer.length; n++) {
    const [one, two] = [cells[layer[n - 1]!]!, cells[layer[n]!]!];
    const between = one.kind === 'rail' || two.kind === 'rail' ? gap * 0.5 : gap;
    offsets.push(offsets[n - 1]! + (one.width + two.width) / 2 + between);
  }
  const mean: number[] = [];
  const weight: number[] = [];
  const count: number[] = [];
  for (let n = 0; n < layer.length; n++) {
    mean.push(wanted[n]! - offsets[n]!);
    weight.push(weights[n]!);
    count.push(1);
    for (let k = mean.length - 1; k > 0 && mean[k - 1]! > mean[k]!; k--) {
      const more = weight[k]!;
      mean[k - 1] = (mean[k - 1]! * weight[k - 1]! + mean[k]! * more) / (weight[k - 1]! + more);
      weight[k - 1]! += more;
      count[k - 1]! += count[k]!;
      mean.pop();
      weight.pop();
      count.pop();
    }
  }
  let n = 0;
  for (const [pool, at] of mean.entries()) {
    for (let k = 0; k < count[pool]!; k++, n++) cells[layer[n]!]!.x = at + offsets[n]!;
  }
}

/** Move parts that nothing connects next to one another. */
export function closeRanks(cells: Cell[], layers: number[][], gap: number): void {
  const part = cells.map((_, i) => i);
  const find = (i: number): number => {
    while (part[i] !== i) {
      part[i] = part[part[i]!]!;
      i = part[i]!;
    }
    return i;
  };
  for (const [i, c] of cells.entries()) for (const { cell } of c.below) part[find(cell)] = find(i);
  const groups = new Map<number, { cells: number[]; left: number }>();
  for (const i of layers.flat()) {
    const group = groups.get(find(i)) ?? { cells: [], left: Infinity };
    groups.set(find(i), group);
    group.cells.push(i);
    group.left = Math.min(group.left, cells[i]!.x);
  }
  if (groups.size < 2) return;
  const right = new Map<number, number>();
  for (const group of [...groups.values()].sort((a, b) => a.left - b.left)) {
    let shift = Infinity;
    for (const i of group.cells) {
      const c = cells[i]!;
      const edge = right.get(c.layer);
      if (edge !== undefined) shift = Math.min(shift, c.x - c.width / 2 - edge - gap);
    }
    for (const i of group.cells) {
      const c = cells[i]!;
      if (shift < Infinity) c.x -= shift;
      right.set(c.layer, Math.max(right.get(c.layer) ?? -Infinity, c.x + c.width / 2));
    }
  }
}
