/**
 * Where everything goes: each open scope is laid out by itself, from the inside out.
 *
 * An arrow that leaves a scope passes its border through a port, so every arrow is cut at
 * borders, each scope arranges its own part, and the parts join up again at the ports.  What
 * a scope looks like depends on its structure only; scopes that are alike, as the blocks of a
 * deep network are, are laid out once, and those that did not change not again.
 */

import type { Spacing } from './layers.js';
import { arrangeScope, type Arranged, type Plan } from './scope.js';

/** Boxes and arrows between them, as columns; a hull stands before what is in it. */
export interface LayoutJob {
  id: number;
  /** The hull around each box; -1 of the outermost. */
  parent: Int32Array;
  hull: Uint8Array;
  /** Of a hull: the room that its title needs. */
  width: Float64Array;
  height: Float64Array;
  /** Larger is nearer to the loss, and so further up. */
  order: Float64Array;
  source: Int32Array;
  target: Int32Array;
  /** How much wider than high the page is. */
  aspect: number;
}

export interface LayoutResult {
  id: number;
  x: Float64Array;
  y: Float64Array;
  width: Float64Array;
  height: Float64Array;
  /** Pieces of arrows: where the points of each begin in `points`, x and y by turns. */
  begin: Int32Array;
  points: Float64Array;
  /** The hull that each piece lies in. */
  inside: Int32Array;
  /** Bits: 1 an arrow head at its end, 2 it goes upward. */
  flags: Uint8Array;
  /** Which of the job's arrows run through each piece: `through[from[n]]` to `from[n + 1]`. */
  from: Int32Array;
  through: Int32Array;
}

export const HEAD = 1;
export const UPWARD = 2;

const GAP = { x: 22, y: 30, port: 11 };
/** Room inside a hull, and for its title. */
const PAD = 14;
const TITLE = 28;
/** Ports at one side of a hull; what is more shares the last. */
const MOST_PORTS = 6;
const BUS = 1 << 30;
const CACHED = 4000;

const cache = new Map<string, Arranged>();

export function layOut(job: LayoutJob): LayoutResult {
  return new Nested(job).run();
}

interface HullPlan extends Plan {
  /** Number among the plan's cells, of a child box or a port's key. */
  part: Map<number, number>;
  in: Map<number, number>;
  out: Map<number, number>;
  /** Numbers of arrows by what they connect. */
  known: Map<string, number>;
  through: number[][];
  ends: boolean[];
  /** From a cell that is a hull: the port at which an arrow begins or ends. */
  ports: [begin: number, end: number][];
  arranged?: Arranged;
}

class Nested {
  private readonly plans = new Map<number, HullPlan>();
  private readonly targetsIn = new Map<number, number[]>();
  private readonly targetsOut = new Map<number, number[]>();
  private readonly x: Float64Array;
  private readonly y: Float64Array;
  private readonly width: Float64Array;
  private readonly height: Float64Array;

  constructor(private readonly job: LayoutJob) {
    const count = job.parent.length;
    this.x = new Float64Array(count);
    this.y = new Float64Array(count);
    this.width = job.width.slice();
    this.height = job.height.slice();
  }

  run(): LayoutResult {
    const { parent, hull, order } = this.job;
    const boxes = Array.from(parent, (_, box) => box);
    for (const box of boxes) if (hull[box]) this.plans.set(box, emptyPlan());
    for (const box of boxes.sort((a, b) => order[b]! - order[a]! || a - b)) {
      const around = this.plans.get(parent[box]!);
      if (!around) continue;
      around.part.set(box, around.parts.length);
      around.parts.push({ width: 0, height: 0 });
    }
    this.countPorts();
    for (let n = 0; n < this.job.source.length; n++) this.cut(n);
    const hulls = [...this.plans.keys()];
    for (const index of hulls.reverse()) this.arrange(index);
    for (const index of hulls.reverse()) this.settle(index);
    return this.result();
  }

  // ------------------------------------------------------------ cutting arrows at borders

  /** A box and the hulls around it, from the outside in. */
  private lineage(box: number): number[] {
    const line: number[] = [];
    for (let at = box; at >= 0; at = this.job.parent[at]!) line.push(at);
    return line.reverse();
  }

  private crossed(n: number): { left: number[]; entered: number[]; common: number } {
    const up = this.lineage(this.job.source[n]!);
    const down = this.lineage(this.job.target[n]!);
    let common = 0;
    while (up[common + 1] === down[common + 1]) common++;
    return {
      left: up.slice(common + 1).reverse(),
      entered: down.slice(common + 1),
      common: up[common]!,
    };
  }

  private countPorts(): void {
    for (let n = 0; n < this.job.source.length; n++) {
      const { left, entered } = this.crossed(n);
      const target = this.job.target[n]!;
      for (const hull of left.slice(1)) note(this.targetsOut, hull, target);
      for (const hull of entered.slice(0, -1)) note(this.targetsIn, hull, target);
    }
  }

  /** The port through which arrows to a target pass a border. */
  private port(targets: Map<number, number[]>, hull: number, target: number): number {
    const known = targets.get(hull)!;
    if (known.length <= MOST_PORTS) return target;
    const at = known.indexOf(target);
    return at >= 0 && at < MOST_PORTS - 1 ? target : BUS;
  }

  private cut(n: number): void {
    const { left, entered, common } = this.crossed(n);
    const target = this.job.target[n]!;
    let begin = -1;
    for (let k = 1; k < left.length; k++) {
      const hull = left[k]!;
      const port = this.port(this.targetsOut, hull, target);
      this.note(hull, n, left[k - 1]!, -1, port, begin, -1);
      begin = port;
    }
    const firstEntered = entered.length > 1 ? this.port(this.targetsIn, entered[0]!, target) : -1;
    this.note(common, n, left[left.length - 1]!, entered[0]!, -1, begin, firstEntered);
    for (let k = 0; k + 1 < entered.length; k++) {
      const hull = entered[k]!;
      const port = this.port(this.targetsIn, hull, target);
      const inner = entered[k + 1]!;
      const next = k + 2 < entered.length ? this.port(this.targetsIn, inner, target) : -1;
      this.note(hull, n, -1 - port, inner, -1, -1, next);
    }
  }

  /**
   * Note a piece of an arrow in a hull's plan.  `source` is a box, or -1 - port for a port on
   * top; `target` a box, or -1 for the port `out` at the bottom.  Where an end is a hull
   * itself, `begin` and `end` are the ports that the piece meets there.
   */
  private note(
    hull: number,
    n: number,
    source: number,
    target: number,
    out: number,
    begin: number,
    end: number,
  ): void {
    const plan = this.plans.get(hull)!;
    const name = `${source} ${target} ${out} ${begin} ${end}`;
    let at = plan.known.get(name);
    if (at === undefined) {
      at = plan.arrows.length;
      plan.known.set(name, at);
      // Ports are numbered on their own first; `arrange` knows where they lie in the plan.
      const from = source < 0 ? -1 - portNumber(plan.in, -1 - source) : plan.part.get(source)!;
      const to = target < 0 ? -1 - portNumber(plan.out, out) : plan.part.get(target)!;
      const atPort = source < 0 || begin !== -1;
      plan.arrows.push({
        source: from,
        target: to,
        key: end,
        begin: 0,
        end: 0,
        atPort,
        loose: false,
      });
      plan.through.push([]);
      plan.ends.push(target >= 0 && !this.job.hull[target]);
      plan.ports.push([begin, end]);
    }
    plan.through[at]!.push(n);
  }

  // ------------------------------------------------------------ from the inside out

  private arrange(index: number): void {
    const plan = this.plans.get(index)!;
    const boxes = [...plan.part.keys()];
    for (const [n, box] of boxes.entries()) {
      plan.parts[n] = { width: this.width[box]!, height: this.height[box]! };
    }
    plan.ins = plan.in.size;
    plan.outs = plan.out.size;
    const firstIn = plan.parts.length;
    const firstOut = firstIn + plan.ins;
    const keys = new Map<number, number>();
    for (const [n, arrow] of plan.arrows.entries()) {
      const [begin, end] = plan.ports[n]!;
      const ends = [boxes[arrow.source], boxes[arrow.target]];
      // What is set in columns begins at the left and ends at the right: a chain of such
      // would drift ever further to the right if its arrows were straight.
      arrow.loose = ends.some(box => box !== undefined && this.isInColumns(box));
      if (arrow.source >= 0) arrow.begin = this.portOffset(boxes[arrow.source]!, 'out', begin);
      else arrow.source = firstIn - 1 - arrow.source;
      if (arrow.target >= 0) arrow.end = this.portOffset(boxes[arrow.target]!, 'in', end);
      else arrow.target = firstOut - 1 - arrow.target;
      // Small numbers in order of appearance, so that scopes that are alike have equal keys.
      if (!keys.has(arrow.key)) keys.set(arrow.key, keys.size);
      arrow.key = keys.get(arrow.key)!;
    }
    plan.arranged = arrangeCached(plan, { ...GAP, aspect: this.job.aspect });
    this.measure(index, plan.arranged);
  }

  private measure(index: number, { width, height }: Arranged): void {
    const outermost = this.job.parent[index]! < 0;
    const inner = outermost ? width : Math.max(width + 2 * PAD, this.width[index]!);
    this.width[index] = inner;
    this.height[index] = outermost ? height : height + TITLE + PAD;
  }

  private isInColumns(box: number): boolean {
    return (this.plans.get(box)?.arranged?.columns.length ?? 0) > 0;
  }

  /** How far right of a hull's middle a port lies; 0 of a box. */
  private portOffset(box: number, side: 'in' | 'out', port: number): number {
    const plan = this.plans.get(box);
    if (!plan || port === -1) return 0;
    const at = plan[side].get(port)!;
    const first = plan.parts.length + (side === 'out' ? plan.ins : 0);
    return this.inset(box) + plan.arranged!.x[first + at]! - this.width[box]! / 2;
  }

  /** The left border of what is in a hull. */
  private inset(hull: number): number {
    return (this.width[hull]! - this.plans.get(hull)!.arranged!.width) / 2;
  }

  private settle(index: number): void {
    const plan = this.plans.get(index)!;
    const arranged = plan.arranged!;
    const left = this.x[index]! + this.inset(index);
    const top = this.y[index]! + this.headOf(index);
    for (const [box, n] of plan.part) {
      this.x[box] = left + arranged.x[n]! - this.width[box]! / 2;
      this.y[box] = top + arranged.y[n]!;
    }
  }

  private headOf(hull: number): number {
    return this.job.parent[hull]! < 0 ? 0 : TITLE;
  }

  // ------------------------------------------------------------ the result, as columns

  private result(): LayoutResult {
    const begin: number[] = [0];
    const points: number[] = [];
    const flags: number[] = [];
    const inside: number[] = [];
    const from: number[] = [0];
    const through: number[] = [];
    for (const [index, plan] of this.plans) {
      const arranged = plan.arranged!;
      const left = this.x[index]! + this.inset(index);
      const top = this.y[index]! + this.headOf(index);
      const firstIn = plan.parts.length;
      const firstOut = firstIn + plan.ins;
      const joining = joiningOf(arranged.joins);
      for (const [n, way] of arranged.ways.entries()) {
        const arrow = plan.arrows[n]!;
        const first = points.length;
        for (let k = 0; k < way.length; k += 2) points.push(left + way[k]!, top + way[k + 1]!);
        // Ports lie on the border itself.
        if (arrow.source >= firstIn) points[first + 1] = this.y[index]!;
        const alone = arranged.joins[n]! < 0;
        if (arrow.target >= firstOut && alone) {
          points[points.length - 1] = this.y[index]! + this.height[index]!;
        }
        begin.push(points.length);
        inside.push(index);
        flags.push((plan.ends[n] && alone ? HEAD : 0) | (arranged.flipped[n] ? UPWARD : 0));
        for (const k of joining[n] ?? [n]) for (const pair of plan.through[k]!) through.push(pair);
        from.push(through.length);
      }
    }
    return {
      id: this.job.id, x: this.x, y: this.y, width: this.width, height: this.height,
      begin: Int32Array.from(begin), points: Float64Array.from(points),
      flags: Uint8Array.from(flags), inside: Int32Array.from(inside), from: Int32Array.from(from),
      through: Int32Array.from(through),
    }; // prettier-ignore
  }
}

/** For each arrow that others join: itself and those. */
function joiningOf(joins: readonly number[]): number[][] {
  const joining: number[][] = [];
  for (const [n, trunk] of joins.entries()) if (trunk >= 0) (joining[trunk] ??= [trunk]).push(n);
  return joining;
}

function emptyPlan(): HullPlan {
  return {
    parts: [], ins: 0, outs: 0, arrows: [], part: new Map(), in: new Map(), out: new Map(),
    known: new Map(), through: [], ends: [], ports: [],
  }; // prettier-ignore
}

function note(targets: Map<number, number[]>, hull: number, target: number): void {
  const known = targets.get(hull);
  if (!known) targets.set(hull, [target]);
  else if (known.length <= MOST_PORTS && !known.includes(target)) known.push(target);
}

function portNumber(ports: Map<number, number>, port: number): number {
  let at = ports.get(port);
  if (at === undefined) {
    at = ports.size;
    ports.set(port, at);
  }
  return at;
}

function arrangeCached(plan: Plan, spacing: Spacing): Arranged {
  const text: (number | string)[] = [plan.ins, plan.outs, spacing.aspect];
  for (const part of plan.parts) text.push(part.width, part.height);
  text.push('/');
  for (const a of plan.arrows)
    text.push(a.source, a.target, a.key, a.begin, a.end, a.atPort ? 1 : 0, a.loose ? 1 : 0);
  const key = text.join(' ');
  let known = cache.get(key);
  if (!known) {
    if (cache.size >= CACHED) cache.clear();
    known = arrangeScope(plan, spacing);
    cache.set(key, known);
  }
  return known;
}
