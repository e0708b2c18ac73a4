/** Each box in numbers: the range of norms in it, and the worst that is in it. */

import type { Box } from './box.js';
import {
  EXPLODING,
  INF,
  isBad,
  NAN,
  PLAIN,
  UNREACHED,
  VANISHING,
  ZERO,
  type Readings,
} from './readings.js';

export interface Summary {
  /** Smallest and largest norm; NaN if none is known. */
  low: Float64Array;
  high: Float64Array;
  /** The worst flag, a number in `FLAGS`. */
  flag: Uint8Array;
  /** How many of its nodes backward has reached. */
  reached: Int32Array;
}

const SEVERITY = [NAN, INF, EXPLODING, ZERO, VANISHING];

/** Summaries of all boxes, by their index. */
export function summarise(boxes: readonly Box[], readings: Readings): Summary {
  const summary: Summary = {
    low: new Float64Array(boxes.length),
    high: new Float64Array(boxes.length),
    flag: new Uint8Array(boxes.length),
    reached: new Int32Array(boxes.length),
  };
  for (const box of boxes) summariseBox(box, readings, summary);
  return summary;
}

function summariseBox(box: Box, { norm, flag, step }: Readings, summary: Summary): void {
  let low = Infinity;
  let high = -Infinity;
  let found = 0;
  let reached = 0;
  for (const row of box.rows) {
    const value = norm[row] ?? NaN;
    const kind = flag[row] ?? UNREACHED;
    found |= 1 << kind;
    if ((step[row] ?? -1) >= 0) reached++;
    if (Number.isNaN(value) || isBad(kind)) continue;
    if (value < low) low = value;
    if (value > high) high = value;
  }
  const at = box.index;
  summary.low[at] = high >= low ? low : NaN;
  summary.high[at] = high >= low ? high : NaN;
  summary.flag[at] = worst(found, box.rows.length);
  summary.reached[at] = reached;
}

function worst(found: number, count: number): number {
  const flag = SEVERITY.find(kind => found & (1 << kind)) ?? PLAIN;
  if (flag === PLAIN) return found === 1 << UNREACHED ? UNREACHED : PLAIN;
  const others = found & ~(1 << flag) & ~(1 << UNREACHED);
  // Some are, not all: the range of norms says so.
  return (flag === ZERO || flag === VANISHING) && count > 1 && others ? PLAIN : flag;
}
