/** A norm over the last iterations, as a small line on a log scale. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { number } from '../../src/draw/numbers.js';
import { setAttributes } from '../../src/view/dom.js';

export const WIDTH = 84;
export const HEIGHT = 20;
/** Iterations from the left to the right edge. */
export const SHOWN = 60;
const EDGE = 3;
/** Decades that the height spans at least: noise must not look like a change. */
const LEAST_SPAN = 1;

const SVG = 'http://www.w3.org/2000/svg';

/** What is drawn: a path through the finite norms, and where they are not finite. */
export interface Drawn {
  path: string;
  /** Where the last finite one is. */
  end: readonly [number, number] | null;
  odd: number[];
}

/** Lay out the norms of the last iterations; a gap where one is missing. */
export function trace(norms: ReadonlyMap<number, number>, newest: number): Drawn {
  const first = Math.max(Math.min(...norms.keys()), newest + 1 - SHOWN);
  const drawn: Drawn = { path: '', end: null, odd: [] };
  const [low, high] = range(norms, first);
  const step = (WIDTH - 2 * EDGE) / Math.max(Math.min(newest - first, SHOWN - 1), 1);
  let joined = false;
  for (let iteration = first; iteration <= newest; iteration++) {
    const norm = norms.get(iteration);
    const x = round(EDGE + (iteration - first) * step);
    if (norm !== undefined && Number.isFinite(norm)) {
      const at = (level(norm) - low) / (high - low);
      const y = round(HEIGHT - EDGE - at * (HEIGHT - 2 * EDGE));
      drawn.path += `${joined ? 'L' : 'M'}${x} ${y}`;
      drawn.end = [x, y];
      joined = true;
    } else {
      if (norm !== undefined) drawn.odd.push(x);
      joined = false;
    }
  }
  return drawn;
}

/** Zeros lie at the bottom of what a norm can be. */
function level(norm: number): number {
  return Math.log10(Math.max(norm, 1e-12));
}

function range(norms: ReadonlyMap<number, number>, first: number): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const [iteration, norm] of norms) {
    if (iteration < first || !Number.isFinite(norm)) continue;
    low = Math.min(low, level(norm));
    high = Math.max(high, level(norm));
  }
  const short = Math.max(LEAST_SPAN - (high - low), 0) / 2;
  return [low - short, high + short];
}

function round(value: number): number {
  return Math.round(value * 10) / 10;
}

export class Sparkline {
  readonly node = document.createElementNS(SVG, 'svg');
  private readonly path = document.createElementNS(SVG, 'path');
  private readonly end = document.createElementNS(SVG, 'circle');
  private readonly odd = document.createElementNS(SVG, 'path');

  constructor(private readonly trans: TranslationBundle) {
    const size = { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, width: WIDTH, height: HEIGHT };
    setAttributes(this.node, {
      class: 'ag-Sparkline',
      role: 'img',
      ...size,
      preserveAspectRatio: 'none',
    });
    setAttributes(this.odd, { class: 'ag-SparkOdd' });
    this.node.append(this.path, this.end, this.odd);
  }

  draw(norms: ReadonlyMap<number, number>, newest: number): void {
    const { path, end, odd } = trace(norms, newest);
    setAttributes(this.path, { d: path });
    setAttributes(this.end, { cx: end?.[0] ?? 0, cy: end?.[1] ?? 0, r: end ? 2 : 0 });
    setAttributes(this.odd, { d: odd.map(x => `M${x} 3V${HEIGHT - 3}`).join('') });
    setAttributes(this.node, { 'aria-label': this.inWords(norms) });
  }

  private inWords(norms: ReadonlyMap<number, number>): string {
    const finite = [...norms.values()].filter(norm => Number.isFinite(norm));
    const count = this.trans._n('%1 iteration', '%1 iterations', norms.size);
    if (!finite.length) return count;
    const [least, most] = [Math.min(...finite), Math.max(...finite)];
    return `${count}, ${this.trans.__('%1 to %2', number(least), number(most))}`;
  }
}
