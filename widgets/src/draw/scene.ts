/** Everything that a drawing shows, put together: who draws only reads it. */

import type { Box } from '../model/box.js';
import type { BreakpointMarks } from '../model/breakpoints.js';
import type { Diff } from '../model/diff.js';
import type { Graph } from '../model/graph.js';
import type { Outline } from '../model/outline.js';
import type { Readings } from '../model/readings.js';
import type { Summary } from '../model/summary.js';
import type { LayoutResult } from '../layout/nested.js';
import type { Theme } from './theme.js';

export interface Scene {
  graph: Graph;
  outline: Outline;
  /** Pairs of boxes that arrows connect, as the layout knows them. */
  arrows: { source: Int32Array; target: Int32Array };
  layout: LayoutResult;
  readings: Readings;
  summary: Summary;
  /** Set while two iterations are compared. */
  diff: Diff | null;
  /** By box: the change of its norm in decades, where it has several the largest. */
  change: Float64Array | null;
  theme: Theme;
  showCode: boolean;
  marks: BreakpointMarks;
  /** The row that is paused at, and why; -1 for none. */
  paused: number;
  reason: string;
  selected: Box | null;
  /** Boxes that a search found; null while nothing is searched for. */
  found: ReadonlySet<number> | null;
}

/** The largest change among the nodes of each box. */
export function changesOf(boxes: readonly Box[], diff: Diff): Float64Array {
  const changes = new Float64Array(boxes.length).fill(NaN);
  for (const box of boxes) {
    for (const row of box.rows) {
      const change = diff.change[row]!;
      const known = changes[box.index]!;
      if (Number.isNaN(change)) continue;
      if (Number.isNaN(known) || Math.abs(change) > Math.abs(known)) changes[box.index] = change;
    }
  }
  return changes;
}
