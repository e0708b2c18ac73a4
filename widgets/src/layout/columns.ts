/** A tall scope in columns, as a newspaper sets a long text: top to bottom, left to right. */

import type { Arrow, Cell } from './cells.js';
import type { Extent, Spacing } from './layers.js';

/** Arrows that may pass from one column to the next. */
const MOST_PASSING = 6;
/** Room between columns. */
const GUTTER = 64;
/** Room above and below a column for the arrows that pass. */
const HEADROOM = 18;
const LEAST_HEIGHT = 900;

/** Break the layers into columns where that brings the whole nearer to the wanted aspect. */
export function wrapColumns(
  cells: Cell[],
  layers: number[][],
  arrows: Arrow[],
  extent: Extent,
  spacing: Spacing,
): Extent {
  const { width, height } = extent;
  if (!spacing.aspect || height < LEAST_HEIGHT) return extent;
  const wanted = Math.min(Math.round(Math.sqrt((spacing.aspect * height) / (width + GUTTER))), 6);
  if (wanted < 2) return extent;
  const cuts = chooseCuts(cells, layers, arrows, height / wanted);
  return cuts.length ? moveColumns(cells, layers, cuts, spacing.port) : extent;
}

/** The layers that begin a new column. */
function chooseCuts(cells: Cell[], layers: number[][], arrows: Arrow[], tall: number): number[] {
  const passing = new Int32Array(layers.length + 1);
  for (const arrow of arrows) {
    const a = cells[arrow.source]!.layer;
    const b = cells[arrow.target]!.layer;
    for (let n = Math.min(a, b) + 1; n <= Math.max(a, b); n++) passing[n]!++;
  }
  const tops = layers.map(layer => Math.min(...layer.map(i => cells[i]!.y)));
  const cuts: number[] = [];
  let begin = 0;
  for (let n = 1; n < layers.length - 1; n++) {
    const here = tops[n]! - tops[begin]!;
    const next = tops[n + 1]! - tops[begin]!;
    if (next < tall || passing[n]! > MOST_PASSING || passing[n] === 0) continue;
    if (here < tall * 0.5) continue;
    cuts.push(n);
    begin = n;
  }
  return cuts;
}

function moveColumns(cells: Cell[], layers: number[][], cuts: number[], port: number): Extent {
  const bounds = [0, ...cuts, layers.length];
  const columns: Extent['columns'] = [];
  let x = 0;
  let tallest = 0;
  for (let c = 0; c + 1 < bounds.length; c++) {
    const inside = layers.slice(bounds[c], bounds[c + 1]).flat().map(i => cells[i]!); // prettier-ignore
    const left = Math.min(...inside.map(one => one.x - one.width / 2));
    const right = Math.max(...inside.map(one => one.x + one.width / 2));
    const top = c === 0 ? 0 : Math.min(...inside.map(one => one.y)) - HEADROOM;
    let bottom = 0;
    for (const one of inside) {
      one.column = c;
      one.x += x - left;
      one.y -= top;
      bottom = Math.max(bottom, one.y + one.height);
    }
    columns.push({ right: x + right - left, bottom });
    tallest = Math.max(tallest, bottom + (c + 2 < bounds.length ? HEADROOM : 0));
    x += right - left + GUTTER;
  }
  for (const i of layers[layers.length - 1]!) {
    if (cells[i]!.kind === 'out') cells[i]!.y = tallest + port;
  }
  const width = columns.pop()!.right;
  return { width, height: tallest + port, columns };
}
