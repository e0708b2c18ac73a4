/** What is known of a box, as name and value: for tooltips, the inspector and screen readers. */

import type { Box } from '../model/box.js';
import { EDITED } from '../model/iteration.js';
import { toNumber, type State } from '../protocol/messages.js';
import { FLAGS } from '../model/readings.js';
import { REGIONS, titleOf, WORDS } from '../draw/content.js';
import { bytes, count, nodes, number, ratio, seconds } from '../draw/numbers.js';
import type { Scene } from '../draw/scene.js';

export type Fact = readonly [name: string, value: string];

/** What a box is called where there is room: the path of a scope, a leaf's full name. */
export function fullTitle(scene: Scene, box: Box): string {
  if (box.kind === 'hull' || box.kind === 'scope') {
    return scene.graph.tree.scopes[box.scope]!.title || 'graph';
  }
  return box.title;
}

export function identity(scene: Scene, box: Box): Fact[] {
  const { graph } = scene;
  const facts: Fact[] = [];
  if (box.row < 0) {
    facts.push(['holds', nodes(box.rows.length)]);
    if (box.times > 1) facts.push(['repeats', `${box.times} times`]);
  } else {
    const { dtype, device, run } = graph.iteration.nodes.data;
    const module = graph.scopeAt(box.row).title;
    const shape = [
      graph.shape(box.row),
      graph.trace.text(dtype[box.row]!),
      graph.trace.text(device[box.row]!),
    ];
    facts.push(['node', graph.op(box.row)]);
    if (module) facts.push(['module', module]);
    facts.push(['shape', shape.filter(Boolean).join(' ')]);
    if (run[box.row]! >= 0) facts.push(['made by', `backward run ${run[box.row]}`]);
  }
  if (box.region) facts.push(['region', REGIONS[box.region]]);
  return facts.filter(([, value]) => value);
}

/** In words, with the numbers: `norm 3.2e5, exploding`. */
export function gradientInWords(scene: Scene, box: Box): string {
  const { summary } = scene;
  const flag = FLAGS[summary.flag[box.index]!]!;
  const [low, high] = [summary.low[box.index]!, summary.high[box.index]!];
  if (flag === 'unreached') return 'not reached';
  const norm = Number.isNaN(high)
    ? ''
    : low === high || box.row >= 0
      ? `norm ${number(high)}`
      : `norm ${number(low)} to ${number(high)}`;
  return [norm, WORDS[flag] ?? ''].filter(Boolean).join(', ') || 'not measured';
}

/** What was measured of a node's gradient. */
export function gradient(scene: Scene, box: Box): Fact[] {
  const step = box.row < 0 ? -1 : scene.readings.step[box.row]!;
  if (box.row < 0 || step < 0) return [['gradient', gradientInWords(scene, box)]];
  const { norm, size, min, max, zeros, nan, inf, edited } = scene.graph.iteration.steps.data;
  const facts: Fact[] = [['norm', number(norm[step]!)]];
  if (size[step]! > 0) facts.push(['RMS', number(norm[step]! / Math.sqrt(size[step]!))]);
  if (zeros[step]! >= 0) {
    facts.push(['range', `${number(min[step]!)} to ${number(max[step]!)}`]);
    facts.push(['zeros', `${count(zeros[step]!)} of ${count(size[step]!)}`]);
  }
  facts.push(['NaN, Inf', `${count(Math.max(nan[step]!, 0))}, ${count(Math.max(inf[step]!, 0))}`]);
  if (edited[step]! & EDITED) facts.push(['edited', 'by hand, before it ran on']);
  return facts;
}

/** What arrived at the node that is paused at, which has not run yet. */
export function arrived(state: State): Fact[] {
  const gradients = state.gradients ?? [];
  return gradients.flatMap((known, n): Fact[] => {
    const name = gradients.length > 1 ? `gradient ${n}` : 'gradient';
    if (!known) return [[name, 'none arrived']];
    const [low, high] = [number(toNumber(known.min)), number(toNumber(known.max))];
    return [
      [name, `[${known.shape.join(', ')}] ${known.dtype}`],
      ['norm', number(toNumber(known.norm))],
      ['range', `${low} to ${high}`],
      ['zeros', count(known.zeros)],
      ['NaN, Inf', `${count(known.nan)}, ${count(known.inf)}`],
    ];
  });
}

export function comparison(scene: Scene, box: Box): Fact[] {
  if (!scene.diff || box.row < 0) return [];
  const then = scene.diff.other[box.row]!;
  const change = scene.diff.change[box.row]!;
  const text = Number.isNaN(then) ? 'no counterpart' : number(then);
  return [['compared', Number.isNaN(change) ? text : `${text}, now ${ratio(change)}`]];
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
  if (forwards > 0) facts.push(['forward', seconds(forwards)]);
  if (backwards > 0) facts.push(['backward', seconds(backwards)]);
  if (kept > 0) facts.push(['saved', bytes(kept)]);
  return facts;
}

/** All of it, one fact a line. */
export function tooltipOf(scene: Scene, box: Box): string {
  const facts = [...identity(scene, box), ['gradient', gradientInWords(scene, box)] as const];
  const place = box.row >= 0 ? scene.graph.place(box.row) : null;
  if (place) facts.push(['line', `${place.where}: ${place.text}`]);
  facts.push(...comparison(scene, box));
  const breakpoints = scene.marks.at(box).map(b => `${b.number}: ${b.text}`);
  if (breakpoints.length) facts.push(['breakpoint', breakpoints.join('; ')]);
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
    ['nodes', count(graph.count)],
    ['backward', `${count(readings.done)} steps`],
    ['leaves', `${count(reached)} of ${count(parameters)} reached`],
  ];
  for (const [flag, word] of Object.entries(WORDS)) {
    const many = found.get(flag) ?? 0;
    if (many) facts.push([word, nodes(many)]);
  }
  for (let run = 0; run < runs.count; run++) {
    const error = graph.trace.text(runs.data.error[run]!);
    if (error) facts.push(['ended by', error]);
  }
  return [...facts, ...timeAndMemory(scene, scene.outline.root)];
}
