/** Which node of a graph a paused run stands at. */

import type { State } from '../protocol/messages.js';
import type { Graph } from './graph.js';

/** The number of a node that has none; leaves count down from there. */
const NONE = -1;

/** The row; -1 if it is not in this graph (yet). */
export function findPaused(graph: Graph, state: State): number {
  const node = state.node;
  if (!node || state.status !== 'paused') return -1;
  const { seq } = graph.iteration.nodes.data;
  for (let row = graph.count - 1; row >= 0; row--) {
    const named = graph.isLeaf(row) && graph.name(row) === node.name;
    if (seq[row] === node.seq && (named || node.seq !== NONE)) return row;
  }
  for (let row = graph.count - 1; row >= 0; row--) {
    if (node.name && graph.isLeaf(row) && graph.name(row) === node.name) return row;
  }
  return -1;
}
