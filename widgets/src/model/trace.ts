/**
 * The recorded run in the browser: the newest iterations, and those that were asked for.
 *
 * Frames are sorted into `Iteration`s; texts, scopes, shapes and places stay in lists that
 * only grow.  Only a few iterations are kept, so a long training run takes no more memory
 * here than a short one.
 */

import type { Frame, TableRows } from '../protocol/frame.js';
import type { Breakpoint, DetailMessage, Place, Shape, State } from '../protocol/messages.js';
import { Emitter } from './emitter.js';
import { Iteration } from './iteration.js';

/** Iterations that are kept beside those that somebody looks at. */
const KEPT = 4;
/** Milliseconds; a forward that takes no longer is not shown growing, which would flicker. */
const YOUNG = 80;

export type Change = 'rows' | 'steps' | 'state' | 'breakpoints' | 'detail' | 'reset' | 'status';

/** Whether there is a kernel behind it. */
export type Liveness = 'live' | 'recorded' | 'connecting';

export class TraceModel {
  readonly changed = new Emitter<Change>();
  /** A frame is filed, and nothing was forgotten for it yet. */
  readonly filed = new Emitter<Frame>();
  readonly iterations = new Map<number, Iteration>();
  readonly details = new Map<number, DetailMessage>();
  /** Iterations that must not be forgotten, because they are shown or compared with. */
  pinned: readonly number[] = [];

  id = '';
  newest = -1;
  oldest = 0;
  liveness: Liveness = 'connecting';
  /** Why it is only recorded, in a few words. */
  gone = 'kernel gone';
  state: State = { status: 'idle' };

  texts: string[] = [];
  scopes: string[][] = [];
  shapes: Shape[] = [];
  places: (Place | null)[] = [];

  /** The last node of a stop: in Python code, that which is being run. */
  private standsAt: Pick<State, 'node'> = {};
  private sequence = -1;
  private young: ReturnType<typeof setTimeout> | undefined;
  private readonly home = new Map<number, Iteration>();

  get breakpoints(): readonly Breakpoint[] {
    return this.state.breakpoints ?? [];
  }

  get paused(): boolean {
    return this.state.status === 'paused' && this.liveness === 'live';
  }

  /** Whether frames between the last one and this were lost on their way. */
  hasGapBefore({ trace, live, sequence }: Frame): boolean {
    return trace === this.id && live && this.sequence > 0 && sequence > this.sequence + 1;
  }

  /** Take in a frame; one that was seen already changes nothing. */
  apply(frame: Frame): void {
    if (frame.trace !== this.id || frame.whole) this.reset(frame.trace);
    else if (frame.sequence !== 0 && frame.sequence <= this.sequence) return;
    this.sequence = Math.max(this.sequence, frame.sequence);
    for (const key of ['texts', 'scopes', 'shapes', 'places'] as const) {
      const list: unknown[] = this[key];
      for (const value of frame[key]) list.push(value);
    }
    const { nodes, edges, steps, runs } = frame.tables;
    if (nodes) this.addNodes(nodes);
    if (edges) this.addEdges(edges);
    if (runs) this.addRuns(runs);
    if (steps) this.addSteps(steps);
    if (frame.live || this.newest < 0) {
      const before = this.newest;
      this.newest = Math.max(this.newest, frame.iteration, this.lastIteration());
      if (this.newest > before) this.begin();
    }
    this.oldest = frame.oldest ?? this.oldest;
    this.filed.emit(frame);
    this.forget(frame);
    this.changed.emit(nodes || edges ? 'rows' : 'steps');
  }

  setState(news: State): void {
    const state = news.phase === 'python' ? { ...news, ...this.standsAt } : news;
    if (state.status !== 'running') this.standsAt = state.node ? { node: state.node } : {};
    const before = JSON.stringify(this.state.breakpoints ?? []);
    this.state = state;
    this.changed.emit('state');
    if (JSON.stringify(state.breakpoints ?? []) !== before) this.changed.emit('breakpoints');
  }

  setLiveness(liveness: Liveness, gone = 'kernel gone'): void {
    if (liveness === this.liveness && gone === this.gone) return;
    this.liveness = liveness;
    this.gone = gone;
    this.changed.emit('status');
  }

  setDetail(detail: DetailMessage): void {
    if (this.details.size > 200) this.details.clear();
    this.details.set(detail.node, detail);
    this.changed.emit('detail');
  }

  /** The iteration that a node belongs to, by its id. */
  iterationOf(id: number): Iteration | undefined {
    return this.home.get(id);
  }

  text(number: number): string {
    return this.texts[number] ?? '';
  }

  private reset(id: string): void {
    this.id = id;
    this.sequence = this.newest = -1;
    this.oldest = 0;
    this.texts = [];
    this.scopes = [];
    this.shapes = [];
    this.places = [];
    for (const map of [this.iterations, this.details, this.home]) map.clear();
    this.changed.emit('reset');
  }

  private lastIteration(): number {
    let last = -1;
    for (const number of this.iterations.keys()) last = Math.max(last, number);
    return last;
  }

  private iteration(number: number): Iteration {
    let found = this.iterations.get(number);
    if (!found) {
      found = new Iteration(number);
      this.iterations.set(number, found);
    }
    return found;
  }

  private addNodes(rows: TableRows): void {
    const numbers = rows.columns['iteration']!;
    for (let i = 0; i < rows.count; i++) {
      const iteration = this.iteration(numbers[i]!);
      iteration.addNode(rows, i);
      this.home.set(rows.ids[i]!, iteration);
    }
  }

  private addEdges(rows: TableRows): void {
    const sources = rows.columns['source']!;
    const targets = rows.columns['target']!;
    for (let i = 0; i < rows.count; i++) {
      const iteration = this.home.get(sources[i]!);
      if (!iteration) continue;
      const target = this.rowIn(iteration, targets[i]!);
      if (target >= 0) iteration.addEdge(rows, i, iteration.rowOf.get(sources[i]!)!, target);
    }
  }

  /**
   * The iteration to show unless somebody chose one: the newest; but the last with a backward
   * as long as there is nothing in the newest but a forward that began a moment ago, or that
   * nothing follows.
   */
  get latest(): number {
    const newest = this.iterations.get(this.newest);
    const waits = this.young || this.state.status === 'idle' || this.liveness === 'recorded';
    if (!newest || newest.steps.count || !waits || this.paused) return this.newest;
    let last = -1;
    for (const { number, steps } of this.iterations.values()) {
      if (steps.count && number < this.newest) last = Math.max(last, number);
    }
    return last < 0 ? this.newest : last;
  }

  /** A new iteration came: it is a new one for a moment. */
  private begin(): void {
    clearTimeout(this.young);
    this.young = setTimeout(() => {
      this.young = undefined;
      if (!this.iterations.get(this.newest)?.steps.count) this.changed.emit('steps');
    }, YOUNG);
  }

  /** A node's row, also if it belongs to an earlier iteration; -1 if it fell out. */
  private rowIn(iteration: Iteration, id: number): number {
    const row = iteration.rowOf.get(id);
    if (row !== undefined) return row;
    const owner = this.home.get(id);
    const there = owner?.rowOf.get(id);
    return owner && there !== undefined ? iteration.borrow(owner, there) : -1;
  }

  private addRuns(rows: TableRows): void {
    const numbers = rows.columns['iteration']!;
    for (let i = 0; i < rows.count; i++) this.iteration(numbers[i]!).addRun(rows, i);
  }

  private addSteps(rows: TableRows): void {
    const nodes = rows.columns['node']!;
    for (let i = 0; i < rows.count; i++) {
      const iteration = this.home.get(nodes[i]!);
      iteration?.addStep(rows, i, iteration.rowOf.get(nodes[i]!)!);
    }
  }

  /** Keep the newest iterations and those that somebody looks at. */
  private forget(frame: Frame): void {
    const asked = frame.live ? [] : [frame.iteration];
    const kept = new Set([...this.pinned, ...asked]);
    const rest = [...this.iterations.keys()].filter(n => !kept.has(n)).sort((a, b) => b - a);
    for (const number of rest.slice(KEPT)) {
      const gone = this.iterations.get(number)!;
      this.iterations.delete(number);
      for (const id of gone.rowOf.keys()) if (this.home.get(id) === gone) this.home.delete(id);
    }
  }
}
