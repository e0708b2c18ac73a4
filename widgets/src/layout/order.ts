/** The order of cells within their layers: few crossings. */

import type { Cell } from './cells.js';

/** Sort each layer by the middle of its neighbours in the layer before, down and up. */
export function orderLayers(cells: Cell[], layers: number[][], sweeps = 8): void {
  const place = new Float64Array(cells.length);
  const settle = (layer: number[]): void => {
    for (const [n, i] of layer.entries()) place[i] = (n + 0.5) / layer.length;
  };
  for (const layer of layers) {
    layer.sort((a, b) => cells[b]!.order - cells[a]!.order || a - b);
    settle(layer);
  }
  let best = layers.map(layer => [...layer]);
  let fewest = crossings(cells, layers, place);
  const middle = new Float64Array(cells.length);
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    const down = sweep % 2 === 0;
    for (let n = 0; n < layers.length; n++) {
      const layer = layers[down ? n : layers.length - 1 - n]!;
      for (const i of layer) {
        const near = down ? cells[i]!.above : cells[i]!.below;
        let sum = 0;
        for (const { cell } of near) sum += place[cell]!;
        middle[i] = near.length ? sum / near.length : place[i]!;
      }
      layer.sort((a, b) => middle[a]! - middle[b]!);
      settle(layer);
    }
    const count = crossings(cells, layers, place);
    if (count < fewest) {
      fewest = count;
      best = layers.map(layer => [...layer]);
    }
  }
  for (const [n, layer] of best.entries()) layers[n] = layer;
}

/** How many pairs of lines cross; wide layers are only looked at in part. */
function crossings(cells: Cell[], layers: number[][], place: Float64Array): number {
  let count = 0;
  for (const layer of layers) {
    const before: number[] = [];
    for (const i of layer) {
      const ends = cells[i]!.below.map(link => place[link.cell]!);
      if (before.length < 400) {
        for (const end of ends) for (const other of before) if (other > end) count++;
      }
      for (const end of ends) before.push(end);
    }
  }
  return count;
}
