/** What is known of a box, as name and value: for tooltips, the inspector and screen readers. */

import type { Box } from '../model/box.js';
import { EDITED } from '../model/iteration.js';
import { toNumber, type State } from '../protocol/messages.js';
import { FLAGS } from '../model/readings.js';
import { regionOf, titleOf, WORDS } from '../draw/content.js';
import type { Stop } from '../model/flow.js';
import { count, nodes } from '../model/words.js';
import { bytes, number, ratio, seconds } from '../draw/numbers.js';
import type { Scene } from '../draw/scene.js';
import { trans } from '../trans.js';

export type Fact = readonly [name: string, value: string];

/** What a box is called where there is room: the path of a scope, a leaf's full name. */
export function fullTitle(scene: Scene, box: Box): string {
  if (box.kind === 'hull' || box.kind === 'scope') {
    return scene.graph.tree.scopes[box.scope]!.title || trans.__('graph');
  }
  return box.title;
}

export function identity(scene: Scene, box: Box): Fact[] {
  const { graph } = scene;
  const facts: Fact[] = [];
  if (box.row < 0) {
    facts.push([trans.__('holds'), nodes(box.rows.length)]);
    if (box.times > 1) facts.push([trans.__('repeats'), trans.__('%1 times', box.times)]);
  } else {
    const { dtype, device, run } = graph.iteration.nodes.data;
    const module = graph.scopeAt(box.row).title;
    const shape = [
      graph.shape(box.row),
      graph.trace.text(dtype[box.row]!),
      graph.trace.text(device[box.row]!),
    ];
    facts.push([trans.__('node'), graph.op(box.row)]);
    if (module) facts.push([trans.__('module'), module]);
    facts.push([trans.__('shape'), shape.filter(Boolean).join(' ')]);
    if (run[box.row]! >= 0) {
      facts.push([trans.__('made by'), trans.__('backward run %1', run[box.row]!)]);
    }
  }
  if (box.region) facts.push([trans.__('region'), regionOf(box)]);
  return facts.filter(([, value]) => value);
}

/** In words, with the numbers: `norm 3.2e5, exploding`. */
export function gradientInWords(scene: Scene, box: Box): string {
  const { summary } = scene;
  const flag = FLAGS[summary.flag[box.index]!]!;
  const [low, high] = [summary.low[box.index]!, summary.high[box.index]!];
  if (flag === 'unreached') return trans.__('not reached');
  const norm = Number.isNaN(high)
    ? ''
    : low === high || box.row >= 0
      ? trans.__('norm %1', number(high))
      : trans.__('norm %1 to %2', number(low), number(high));
  const known = [norm, trans.__(WORDS[flag] ?? '')].filter(Boolean).join(', ');
  return known || trans.__('not measured');
}

/** What was measured of a node's gradient. */
export function gradient(scene: Scene, box: Box): Fact[] {
  const step = box.row < 0 ? -1 : scene.readings.step[box.row]!;
  if (box.row < 0 || step < 0) return [[trans.__('gradient'), gradientInWords(scene, box)]];
  const { norm, size, min, max, zeros, nan, inf, edited } = scene.graph.iteration.steps.data;
  const facts: Fact[] = [[trans.__('norm'), number(norm[step]!)]];
  if (size[step]! > 0) facts.push([trans.__('RMS'), number(norm[step]! / Math.sqrt(size[step]!))]);
  if (zeros[step]! >= 0) {
    facts.push(rangeFact(number(min[step]!), number(max[step]!)));
    facts.push([trans.__('zeros'), trans.__('%1 of %2', count(zeros[step]!), count(size[step]!))]);
  }
  facts.push(notFinite(Math.max(nan[step]!, 0), Math.max(inf[step]!, 0)));
  if (edited[step]! & EDITED) {
    facts.push([trans.__('edited'), trans.__('by hand, before it ran on')]);
  }
  return facts;
}

function rangeFact(low: string, high: string): Fact {
  return [trans.__('range'), trans.__('%1 to %2', low, high)];
}

function notFinite(nan: number, inf: number): Fact {
  return [trans.__('NaN, Inf'), `${count(nan)}, ${count(inf)}`];
}

/** What arrived at the node that is paused at, which has not run yet. */
export function arrived(state: State): Fact[] {
  const gradients = state.gradients ?? [];
  return gradients.flatMap((known, n): Fact[] => {
    const name = gradients.length > 1 ? trans.__('gradient %1', n) : trans.__('gradient');
    if (!known) return [[name, trans.__('none arrived')]];
    const [low, high] = [number(toNumber(known.min)), number(toNumber(known.max))];
    return [
      [name, `[${known.shape.join(', ')}] ${known.dtype}`],
      [trans.__('norm'), number(toNumber(known.norm))],
      rangeFact(low, high),
      [trans.__('zeros'), count(known.zeros)],
      notFinite(known.nan, known.inf),
    ];
  });
}

export function comparison(scene: Scene, box: Box): Fact[] {
  if (!scene.diff || box.row < 0) return [];
  const then = scene.diff.other[box.row]!;
  const change = scene.diff.change[box.row]!;
  const text = Number.isNaN(then) ? trans.__('no counterpart') : number(then);
  const changed = Number.isNaN(change) ? text : trans.__('%1, now %2', text, ratio(change));
  return [[trans.__('compared'), changed]];
}

export function timeAndMemory(scene: Scene, box: Box): Fact[] {
  const { graph, readings } = scene;
  const { seconds: forward, saved } = graph.iteration.nodes.data;
  const { seconds: backward } = graph.iteration.steps.data;
  let [forwards, backwards, kept] = [0, 0, 0];
  for (const row of box.rows) {
    forwards += forward[row]! || 0;
    kept += Math.max(saved[row]!, 0);
    const step = readings.step[row] ?? -1;
    if (step >= 0) backwards += backward[step]! || 0;
  }
  const facts: Fact[] = [];
  if (forwards > 0) facts.push([trans.__('forward'), seconds(forwards)]);
  if (backwards > 0) facts.push([trans.__('backward'), seconds(backwards)]);
  if (kept > 0) facts.push([trans.__('saved'), bytes(kept)]);
  return facts;
}

/** All of it, one fact a line. */
export function tooltipOf(scene: Scene, box: Box): string {
  const facts: Fact[] = identity(scene, box);
  facts.push([trans.__('gradient'), gradientInWords(scene, box)]);
  const place = box.row >= 0 ? scene.graph.place(box.row) : null;
  if (place) facts.push([trans.__('line'), `${place.where}: ${place.text}`]);
  facts.push(...comparison(scene, box));
  const breakpoints = scene.marks.at(box).map(b => `${b.number}: ${b.text}`);
  if (breakpoints.length) facts.push([trans.__('breakpoint'), breakpoints.join('; ')]);
  return [titleOf(box), ...facts.map(([name, value]) => `${name}: ${value}`)].join('\n');
}

/** The iteration as a whole. */
export function overview(scene: Scene): Fact[] {
  const { graph, readings } = scene;
  const { runs } = graph.iteration;
  const found = new Map<string, number>();
  let parameters = 0;
  let reached = 0;
  for (let row = 0; row < graph.count; row++) {
    const flag = FLAGS[readings.flag[row] ?? 0]!;
    found.set(flag, (found.get(flag) ?? 0) + 1);
    if (!graph.isLeaf(row)) continue;
    parameters++;
    if ((readings.step[row] ?? -1) >= 0) reached++;
  }
  const facts: Fact[] = [
    [trans.__('nodes'), count(graph.count)],
    [trans.__('backward'), trans._n('%2 step', '%2 steps', readings.done, count(readings.done))],
    [trans.__('leaves'), trans.__('%1 of %2 reached', count(reached), count(parameters))],
  ];
  for (const [flag, word] of Object.entries(WORDS)) {
    const many = found.get(flag) ?? 0;
    if (many) facts.push([trans.__(word), nodes(many)]);
  }
  for (let run = 0; run < runs.count; run++) {
    const error = graph.trace.text(runs.data.error[run]!);
    if (error) facts.push([trans.__('ended by'), error]);
  }
  return [...facts, ...timeAndMemory(scene, scene.outline.root)];
}

/** A point of the gradient-flow chart. */
export function stopInWords({ name, norm, rms, before, flag }: Stop): string {
  if (FLAGS[flag] === 'unreached') return trans.__('%1: not reached yet', name);
  const facts = [trans.__('norm %1', number(norm))];
  if (!Number.isNaN(rms)) facts.push(trans.__('RMS %1', number(rms)));
  if (!Number.isNaN(before)) facts.push(trans.__('before %1', number(before)));
  return `${name}: ${facts.join(', ')}`;
}
