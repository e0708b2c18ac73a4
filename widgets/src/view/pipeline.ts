/**
 * From the trace to a scene: graph, outline, layout, readings; each made anew only when what
 * it depends on has changed, and never more often than there is time for.
 */

import { BreakpointMarks } from '../model/breakpoints.js';
import { diff, type Diff } from '../model/diff.js';
import { Emitter } from '../model/emitter.js';
import { Graph } from '../model/graph.js';
import { outline, type Outline } from '../model/outline.js';
import { findPaused } from '../model/paused.js';
import { isBad, read, type Readings } from '../model/readings.js';
import { search } from '../model/search.js';
import { summarise } from '../model/summary.js';
import type { TraceModel } from '../model/trace.js';
import { LayoutClient } from '../layout/client.js';
import type { LayoutResult } from '../layout/nested.js';
import { sizeOf } from '../draw/content.js';
import { changesOf, type Scene } from '../draw/scene.js';
import type { Theme } from '../draw/theme.js';
import type { Level, ViewState } from './state.js';

const LEVELS: readonly Level[] = ['paint', 'readings', 'outline', 'graph'];
/** Of the time that passes, the part that may be spent on pictures: one in this many. */
const SHARE = 3;
const EMPTY: Readings = {
  norm: new Float64Array(0),
  flag: new Uint8Array(0),
  step: new Int32Array(0),
  done: 0,
  last: -1,
};

/** A scene is there; `relaid` says that boxes are somewhere else now. */
export interface SceneReady {
  scene: Scene;
  relaid: boolean;
}

export class Pipeline {
  readonly ready = new Emitter<SceneReady>();
  graph: Graph | null = null;
  readings: Readings = EMPTY;
  scene: Scene | null = null;
  /** What a search found, in the order of the backward. */
  found: number[] = [];

  private readonly layout = new LayoutClient();
  private outline: Outline | null = null;
  private topology = '';
  private focus = '';
  private pending = -1;
  private timer = 0;
  private notBefore = 0;

  constructor(
    private readonly model: TraceModel,
    private readonly view: ViewState,
    private readonly theme: () => Theme,
    private readonly aspect: () => number,
  ) {}

  /** Make the picture anew from this level on, soon. */
  request(level: Level): void {
    this.pending = Math.max(this.pending, LEVELS.indexOf(level));
    if (this.timer) return;
    const wait = Math.max(0, this.notBefore - performance.now());
    this.timer = setTimeout(() => this.run(), wait) as unknown as number;
  }

  /** Make the picture anew now. */
  flush(): void {
    clearTimeout(this.timer);
    this.run();
  }

  dispose(): void {
    clearTimeout(this.timer);
    this.layout.dispose();
  }

  /** The iteration that is shown. */
  get shown(): number {
    return this.view.iteration ?? this.model.latest;
  }

  private run(): void {
    this.timer = 0;
    const level = this.pending;
    this.pending = -1;
    const begun = performance.now();
    this.update(level);
    this.notBefore = performance.now() + Math.min((performance.now() - begun) * SHARE, 2000);
  }

  private update(level: number): void {
    const graphChanged = this.updateGraph(level);
    if (!this.graph) {
      this.scene = null;
      return;
    }
    if (graphChanged || level >= LEVELS.indexOf('readings')) {
      this.readings = read(this.graph.iteration, this.view.position ?? Infinity);
    }
    const focus = this.focusRows(this.graph);
    const focusKey = [...focus].join();
    if (graphChanged || level >= LEVELS.indexOf('outline') || focusKey !== this.focus) {
      this.focus = focusKey;
      this.updateLayout(this.graph, focus);
    } else if (this.scene && this.outline) {
      this.publish(this.graph, this.outline, this.scene.layout, this.scene.arrows, false);
    }
  }

  private updateGraph(level: number): boolean {
    const iteration = this.model.iterations.get(this.shown);
    if (!iteration) {
      const gone = this.graph !== null;
      this.graph = this.outline = null;
      return gone;
    }
    const topology = `${this.model.id} ${iteration.number} ${iteration.topology}`;
    if (topology === this.topology && this.graph && level < LEVELS.indexOf('graph')) return false;
    if (topology === this.topology && this.graph) return false;
    this.topology = topology;
    this.graph = new Graph(this.model, iteration);
    return true;
  }

  /** What is to be seen whatever is folded: where it is paused, and the first bad gradient. */
  private focusRows(graph: Graph): Set<number> {
    const focus = new Set<number>();
    const paused = this.pausedRow(graph);
    if (paused >= 0) focus.add(paused);
    let first = -1;
    for (let row = 0; row < graph.count; row++) {
      if (!isBad(this.readings.flag[row] ?? 0)) continue;
      if (first < 0 || this.readings.step[row]! < this.readings.step[first]!) first = row;
    }
    if (first >= 0) focus.add(first);
    return focus;
  }

  pausedRow(graph: Graph): number {
    return this.model.paused && this.view.position === null
      ? findPaused(graph, this.model.state)
      : -1;
  }

  private updateLayout(graph: Graph, focus: ReadonlySet<number>): void {
    const { chosen, unfolded, maxBoxes } = this.view;
    const made = outline(graph, { chosen, unfolded, maxBoxes, focus });
    const showCode = this.showCode(graph);
    const { boxes, owner } = made;
    const count = boxes.length;
    const [width, height] = [new Float64Array(count), new Float64Array(count)];
    for (const box of boxes) [width[box.index], height[box.index]] = sizeOf(graph, box, showCode);
    const arrows = arrowsOf(graph, owner, count);
    const job = {
      parent: Int32Array.from(boxes, box => box.parent?.index ?? -1),
      hull: Uint8Array.from(boxes, box => (box.kind === 'hull' ? 1 : 0)),
      width, height, order: Float64Array.from(boxes, box => box.order),
      source: arrows.source, target: arrows.target, aspect: this.aspect(),
    }; // prettier-ignore
    this.layout.layOut(job, layout => {
      for (const box of boxes) {
        box.x = layout.x[box.index]!;
        box.y = layout.y[box.index]!;
        box.width = layout.width[box.index]!;
        box.height = layout.height[box.index]!;
      }
      this.outline = made;
      this.publish(graph, made, layout, arrows, true);
    });
  }

  showCode(graph: Graph): boolean {
    return this.view.showCode ?? graph.tree.scopes.length < 4;
  }

  private publish(
    graph: Graph,
    made: Outline,
    layout: LayoutResult,
    arrows: Scene['arrows'],
    relaid: boolean,
  ): void {
    const { view, model } = this;
    // The graph may have grown while the layout was made: its rows are the first of those now.
    const readings =
      this.graph?.iteration === graph.iteration ? this.readings : read(graph.iteration);
    this.found = view.query ? search(graph, view.query) : [];
    const compared = this.compared(graph, readings);
    this.scene = {
      graph, outline: made, arrows, layout, readings, theme: this.theme(),
      summary: summarise(made.boxes, readings),
      diff: compared,
      change: compared && changesOf(made.boxes, compared),
      showCode: this.showCode(graph),
      marks: new BreakpointMarks(graph, made.boxes, model.breakpoints),
      paused: this.pausedRow(graph),
      reason: model.state.reason ?? '',
      selected: made.boxes.find(box => box.key === view.selected) ?? null,
      found: view.query ? new Set(this.found.map(row => made.owner[row]!)) : null,
    }; // prettier-ignore
    this.ready.emit({ scene: this.scene, relaid });
  }

  private compared(graph: Graph, readings: Readings): Diff | null {
    const other = this.view.compare;
    const iteration = other === null ? undefined : this.model.iterations.get(other);
    if (!iteration || iteration === graph.iteration) return null;
    return diff(graph, readings, new Graph(this.model, iteration), read(iteration));
  }
}

/** Distinct pairs of boxes that arrows connect. */
export function arrowsOf(graph: Graph, owner: Int32Array, count: number): Scene['arrows'] {
  const seen = new Set<number>();
  const source: number[] = [];
  const target: number[] = [];
  for (let i = 0; i < graph.source.length; i++) {
    const one = owner[graph.source[i]!]!;
    const two = owner[graph.target[i]!]!;
    const key = one * count + two;
    if (one === two || seen.has(key)) continue;
    seen.add(key);
    source.push(one);
    target.push(two);
  }
  return { source: Int32Array.from(source), target: Int32Array.from(target) };
}
