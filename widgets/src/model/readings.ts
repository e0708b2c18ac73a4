/** What backward has measured of each node up to some step: norms, and what is remarkable. */

import { UNDONE, type Iteration } from './iteration.js';

/** What is remarkable of a gradient, the worst last. */
export const FLAGS = [
  '', 'unreached', 'vanishing', 'zero', 'exploding', 'inf', 'nan',
] as const; // prettier-ignore
export type Flag = (typeof FLAGS)[number];

export const PLAIN = 0;
export const UNREACHED = 1;
export const VANISHING = 2;
export const ZERO = 3;
export const EXPLODING = 4;
export const INF = 5;
export const NAN = 6;

/** Norms beyond which a gradient gets a glyph. */
export const VANISHING_BELOW = 1e-7;
export const EXPLODING_ABOVE = 1e3;

export interface Readings {
  /** Norm of each node's gradient; NaN where it is not known. */
  norm: Float64Array;
  /** Number in `FLAGS`. */
  flag: Uint8Array;
  /** The row of the node's last step; -1 if backward has not reached it. */
  step: Int32Array;
  /** How many steps are counted in. */
  done: number;
  /** The node of the last of them; -1 if there is none. */
  last: number;
}

export function isBad(flag: number): boolean {
  return flag >= INF;
}

/** What the first `upTo` steps of an iteration say of its nodes; of all steps if not given. */
export function read(iteration: Iteration, upTo = Infinity): Readings {
  const count = iteration.nodes.count;
  const { node, edited, norm: norms } = iteration.steps.data;
  const step = new Int32Array(count).fill(-1);
  const end = Math.min(iteration.steps.count, upTo);
  const replaying = end < iteration.steps.count;
  let done = 0;
  let last = -1;
  for (let i = 0; i < end; i++) {
    // Somebody who replays sees a step that was taken back later as it was then.
    if (!replaying && (edited[i]! & UNDONE) !== 0) continue;
    step[node[i]!] = i;
    last = node[i]!;
    done++;
  }
  const norm = new Float64Array(count).fill(NaN);
  const flag = new Uint8Array(count).fill(UNREACHED);
  for (let row = 0; row < count; row++) {
    const at = step[row]!;
    if (at < 0) continue;
    norm[row] = norms[at]!;
    flag[row] = flagOf(iteration, at);
  }
  return { norm, flag, step, done, last };
}

function flagOf(iteration: Iteration, step: number): number {
  const { size, nan, inf, norm } = iteration.steps.data;
  if (nan[step]! > 0) return NAN;
  if (inf[step]! > 0) return INF;
  if (size[step]! < 0 || Number.isNaN(norm[step]!)) return PLAIN;
  if (norm[step] === 0) return ZERO;
  if (norm[step]! < VANISHING_BELOW) return VANISHING;
  return norm[step]! > EXPLODING_ABOVE ? EXPLODING : PLAIN;
}
