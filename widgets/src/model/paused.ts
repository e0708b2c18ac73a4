/** Which node of a graph a paused run stands at. */

import type { State } from '../protocol/messages.js';
import type { Graph } from './graph.js';

/** Creation numbers of leaves begin here; they are too large to be exact in a browser. */
const LEAVES_FROM = 2 ** 62;

/** The row; -1 if it is not in this graph (yet). */
export function findPaused(graph: Graph, state: State): number {
  const node = state.node;
  if (!node || state.status !== 'paused') return -1;
  const { seq } = graph.iteration.nodes.data;
  if (node.seq >= 0 && node.seq < LEAVES_FROM) {
    for (let row = graph.count - 1; row >= 0; row--) {
      if (seq[row] === node.seq && !graph.isLeaf(row)) return row;
    }
    return -1;
  }
  for (let row = graph.count - 1; row >= 0; row--) {
    if (graph.isLeaf(row) && graph.name(row) === node.name) return row;
  }
  return -1;
}
