/** The text in a box, and the room that it takes whatever the numbers turn out to be. */

import type { Box } from '../model/box.js';
import type { Graph } from '../model/graph.js';
import { FLAGS, isBad } from '../model/readings.js';
import { count, nodes } from '../model/words.js';
import { trans } from '../trans.js';
import { fit, textWidth } from './fonts.js';
import { number, ratio } from './numbers.js';
import type { Scene } from './scene.js';

export const TITLE = 13;
export const FACTS = 11;
const SMALL_TITLE = 11.5;
const CODE = 10.5;
const MOST_CODE = 210;
const MOST_TITLE = 260;
const LINE_GAP = 4.5;

/** What is remarkable of a gradient, by its flag; in English, translated where it is shown. */
export const WORDS: Record<string, string> = {
  nan: 'NaN', inf: 'Inf', zero: 'all zero', vanishing: 'vanishing', exploding: 'exploding',
}; // prettier-ignore

const VIEWS = new Set([
  'Alias', 'AsStrided', 'Diagonal', 'Expand', 'Flatten', 'Movedim', 'Permute', 'Reshape',
  'Select', 'Slice', 'Split', 'SplitWithSizes', 'Squeeze', 'T', 'Transpose', 'Unbind', 'Unfold',
  'UnsafeView', 'Unsqueeze', 'View',
]); // prettier-ignore

/** Ops that only look at memory in another way are drawn small. */
export function isSmall(box: Box): boolean {
  return box.kind === 'op' && VIEWS.has(box.title);
}

export function titleSize(box: Box): number {
  return isSmall(box) ? SMALL_TITLE : TITLE;
}

/** A box's title; a leaf's without the module that it is in. */
export function titleOf(box: Box): string {
  const prefix = box.parent?.path ? `${box.parent.path}.` : '';
  const title =
    box.kind === 'leaf' && prefix && box.title.startsWith(prefix)
      ? box.title.slice(prefix.length)
      : box.title;
  return fit(title, MOST_TITLE, titleSize(box), true);
}

export interface TextLine {
  text: string;
  size: number;
  mono: boolean;
}

/** The lines under the title. */
export function linesOf(scene: Scene, box: Box): TextLine[] {
  const lines: TextLine[] = [];
  const facts = box.row < 0 ? groupFacts(scene, box) : nodeFacts(scene, box);
  if (facts) lines.push({ text: facts, size: FACTS, mono: false });
  const code = codeOf(scene.graph, box, scene.showCode);
  if (code) lines.push({ text: code, size: CODE, mono: true });
  return lines;
}

function nodeFacts(scene: Scene, box: Box): string {
  const changed = scene.change !== null && !Number.isNaN(scene.change[box.index]!);
  const facts = [changed ? '' : scene.graph.shape(box.row), normOf(scene, box)];
  return facts.filter(Boolean).join('   ');
}

function normOf({ readings, summary, change, graph }: Scene, box: Box): string {
  const flag = summary.flag[box.index]!;
  if (isBad(flag)) {
    const { nan, inf } = graph.iteration.steps.data;
    const step = readings.step[box.row]!;
    return `${count((flag === FLAGS.indexOf('nan') ? nan : inf)[step]!)} ${trans.__(WORDS[FLAGS[flag]!]!)}`;
  }
  const norm = summary.high[box.index]!;
  if (Number.isNaN(norm)) return '';
  const changed = change?.[box.index] ?? NaN;
  const suffix = Number.isNaN(changed) ? '' : `  ${ratio(changed)}`;
  return `‖g‖ ${number(norm)}${suffix}`;
}

function groupFacts({ summary, change }: Scene, box: Box): string {
  const [low, high] = [summary.low[box.index]!, summary.high[box.index]!];
  const parts = box.kind === 'scope' || box.times > 1 ? [nodes(box.rows.length)] : [];
  const changed = change?.[box.index] ?? NaN;
  if (!Number.isNaN(changed)) parts.push(trans.__('up to %1', ratio(changed)));
  else if (!Number.isNaN(high)) {
    parts.push(low === high ? `‖g‖ ${number(high)}` : `‖g‖ ${number(low)} … ${number(high)}`);
  }
  return parts.join('   ');
}

function codeOf(graph: Graph, box: Box, wanted: boolean): string {
  if (!wanted || box.row < 0 || box.kind === 'leaf' || isSmall(box)) return '';
  return fit(graph.place(box.row)?.text ?? '', MOST_CODE, CODE, false, true);
}

/**
 * Width and height of a box.  They don't depend on gradients, so that boxes stay where they
 * are while backward runs: room is left for numbers of any size.
 */
export function sizeOf(graph: Graph, box: Box, showCode: boolean): [width: number, height: number] {
  const size = titleSize(box);
  const title = textWidth(titleOf(box), size, true);
  if (box.kind === 'hull') {
    const region = isRegion(box) ? textWidth(regionOf(box), FACTS) + 16 : 0;
    return [title + region + 40, 0];
  }
  const group = box.row < 0;
  const shape = group ? (box.kind === 'scope' || box.times > 1 ? nodes(box.rows.length) : '') : graph.shape(box.row); // prettier-ignore
  const room = group ? '   ‖g‖ 8.8e-8 … 8.8e-8' : isSmall(box) ? '   ‖g‖ 8.8e-8' : '   ‖g‖ 8.88e-8';
  const facts = Math.max(textWidth(shape + room, FACTS), textWidth('‖g‖ 8.8e-8  ×8.8e8', FACTS));
  const code = codeOf(graph, box, showCode);
  const widest = Math.max(title, facts, code ? textWidth(code, CODE, false, true) : 0);
  const pad = box.kind === 'leaf' || box.kind === 'function' ? 30 : 22;
  const lines = FACTS + LINE_GAP + (code ? CODE + LINE_GAP : 0);
  return [Math.ceil(widest + pad), Math.ceil(size + lines + (isSmall(box) ? 10 : 15))];
}

/** Whether it is the outermost hull of a checkpointed region. */
export function isRegion(box: Box): boolean {
  return box.region !== '' && box.parent?.region !== box.region;
}

const REGIONS = {
  checkpoint: 'saved tensors dropped, recomputed in backward',
  recompute: 'recomputed in backward',
  '': '',
} as const;

/** What checkpointing does to what is in a box; empty where it does nothing. */
export function regionOf(box: Box): string {
  return trans.__(REGIONS[box.region]);
}

/** Baselines of the title and the lines, from the box's top. */
export function baselines(box: Box, lines: readonly TextLine[]): number[] {
  const size = titleSize(box);
  const block = size + lines.reduce((sum, line) => sum + line.size + LINE_GAP, 0);
  let y = (box.height - block) / 2 + size * 0.82;
  const all = [y];
  for (const line of lines) all.push((y += line.size + LINE_GAP));
  return all;
}
