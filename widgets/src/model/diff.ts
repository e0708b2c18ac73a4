/** Two iterations side by side: which node of one is which of the other, and what changed. */

import type { Graph } from './graph.js';
import type { Readings } from './readings.js';

export interface Diff {
  /** Norm of each row's counterpart in the other iteration; NaN if it has none. */
  other: Float64Array;
  /** log10 of the norm over that of the counterpart; NaN where there is nothing to compare. */
  change: Float64Array;
  /** Rows without a counterpart. */
  added: number[];
  /** How many of the other iteration's nodes have no counterpart. */
  removed: number;
}

/** Match nodes by name, scope, line and occurrence. */
export function diff(graph: Graph, readings: Readings, other: Graph, before: Readings): Diff {
  const there = new Map(keys(other).map((key, row) => [key, row]));
  const found: Diff = {
    other: new Float64Array(graph.count).fill(NaN),
    change: new Float64Array(graph.count).fill(NaN),
    added: [],
    removed: 0,
  };
  let matched = 0;
  for (const [row, key] of keys(graph).entries()) {
    const at = there.get(key);
    if (at === undefined) {
      found.added.push(row);
      continue;
    }
    matched++;
    const now = readings.norm[row]!;
    const then = before.norm[at]!;
    found.other[row] = then;
    if (now > 0 && then > 0 && Number.isFinite(now) && Number.isFinite(then)) {
      found.change[row] = Math.log10(now / then);
    } else if (now === 0 && then === 0) {
      found.change[row] = 0;
    }
  }
  found.removed = other.count - matched;
  return found;
}

function keys(graph: Graph): string[] {
  const { op, name, place } = graph.iteration.nodes.data;
  const seen = new Map<string, number>();
  const rows = Array.from({ length: graph.count }, (_, row) => row);
  rows.sort((a, b) => graph.order[a]! - graph.order[b]! || a - b);
  const found: string[] = [];
  for (const row of rows) {
    const key = `${graph.tree.scopes[graph.scope[row]!]!.title} ${op[row]} ${name[row]} ${place[row]}`;
    const nth = (seen.get(key) ?? 0) + 1;
    seen.set(key, nth);
    found[row] = `${key} ${nth}`;
  }
  return found;
}
