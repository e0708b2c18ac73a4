/** The gradient-flow chart: drawn, pointed at, and clicked to go to a parameter or module. */

import { flow, type FlowBy, type Stop } from '../model/flow.js';
import { Emitter } from '../model/emitter.js';
import { Graph } from '../model/graph.js';
import { read } from '../model/readings.js';
import type { TraceModel } from '../model/trace.js';
import { paint } from '../draw/canvas.js';
import { flowChart, type Chart } from '../draw/flowchart.js';
import type { Scene } from '../draw/scene.js';
import { fill, h, on, prepare } from './dom.js';
import { stopInWords } from './facts.js';
import { trans } from '../trans.js';

const HEIGHT = 112;
const MANY = 2000;

export class FlowView {
  readonly element: HTMLElement;
  readonly chosen = new Emitter<number>();
  readonly by = new Emitter<FlowBy>();
  private readonly canvas = h('canvas', { role: 'img', tabindex: -1 });
  private readonly said = h('span', { class: 'ag-said' });
  private readonly select = h('select', {
    'aria-label': trans.__('What one point of the chart is'),
  });
  private stops: Stop[] = [];
  private chart: Chart | null = null;
  private scene: Scene | null = null;
  private pointed = -1;
  /** For which it is painted. */
  private width = 0;
  private ghost: { key: string; stops: Stop[] } = { key: '', stops: [] };

  constructor() {
    for (const by of ['parameter', 'module', 'node'] as const) {
      this.select.append(h('option', { value: by }, trans.__(`by ${by}`)));
    }
    const toggle = h('button', { type: 'button', class: 'ag-flowtoggle', 'aria-expanded': 'true' }, trans.__('Gradient flow')); // prettier-ignore
    on(toggle, 'click', () => {
      this.canvas.hidden = !this.canvas.hidden;
      toggle.setAttribute('aria-expanded', String(!this.canvas.hidden));
      this.paint();
    });
    const head = h(
      'div', { class: 'ag-flowhead' },
      toggle, h('span', { class: 'ag-quiet' }, trans.__('input → loss, log ‖g‖')),
      this.select, this.said,
    ); // prettier-ignore
    this.element = h('div', { class: 'ag-flow' }, head, this.canvas);
    this.canvas.style.height = `${HEIGHT}px`; // as high as it will be
    on(this.select, 'change', () => this.by.emit(this.select.value as FlowBy));
    on(this.canvas, 'pointermove', event => this.point(this.nearest(event.offsetX)));
    on(this.canvas, 'pointerleave', () => this.point(-1));
    on(this.canvas, 'click', event => {
      const stop = this.stops[this.nearest(event.offsetX)];
      if (stop) this.chosen.emit(stop.rows[0]!);
    });
    new ResizeObserver(() => {
      if (this.element.clientWidth !== this.width) this.paint();
    }).observe(this.element);
  }

  show(scene: Scene | null, model: TraceModel, by: FlowBy, compare: number | null): void {
    this.scene = scene;
    if (!scene) return;
    const before = this.before(model, by, compare ?? scene.graph.iteration.number - 1);
    const stops = flow(scene.graph, scene.readings, by, before);
    this.stops = stops.length > MANY ? stops.slice(-MANY) : stops;
    this.paint();
  }

  /** The points of the iteration whose ghost is drawn. */
  private before(model: TraceModel, by: FlowBy, number: number): Stop[] {
    const iteration = model.iterations.get(number);
    if (!iteration) return [];
    const key = `${model.id} ${number} ${by} ${iteration.topology} ${iteration.steps.count}`;
    if (key !== this.ghost.key) {
      const graph = new Graph(model, iteration);
      this.ghost = { key, stops: flow(graph, read(iteration), by) };
    }
    return this.ghost.stops;
  }

  private paint(): void {
    const width = this.element.clientWidth;
    if (!this.scene || width < 60) return;
    this.width = width;
    const { theme, readings } = this.scene;
    const reached = this.scene.graph.count > 0 && readings.done > 0;
    const now = reached && this.scene.paused >= 0 ? this.stopOf(this.scene.paused) : -1;
    this.chart = flowChart({ stops: this.stops, width, height: HEIGHT, theme, now, pointed: this.pointed }); // prettier-ignore
    const context = prepare(this.canvas, width, HEIGHT);
    if (context) paint(context, this.chart.shapes);
    const label = trans._n(
      'Gradient flow, %1 point.',
      'Gradient flow, %1 points.',
      this.stops.length,
    );
    const points = this.stops.slice(0, 60).map(stopInWords).join('. ');
    this.canvas.setAttribute('aria-label', `${label} ${points}`);
  }

  /** The stop that a row is in, or else that which was used at about its time. */
  private stopOf(row: number): number {
    const order = this.scene!.graph.order[row]!;
    let best = this.stops.findIndex(stop => stop.rows.includes(row));
    if (best >= 0) return best;
    for (const [n, { at }] of this.stops.entries()) {
      if (best < 0 || Math.abs(at - order) < Math.abs(this.stops[best]!.at - order)) best = n;
    }
    return best;
  }

  private nearest(x: number): number {
    let best = -1;
    for (const [n, at] of (this.chart?.x ?? []).entries()) {
      if (best < 0 || Math.abs(at - x) < Math.abs(this.chart!.x[best]! - x)) best = n;
    }
    return best;
  }

  private point(at: number): void {
    if (at === this.pointed) return;
    this.pointed = at;
    const stop = this.stops[at];
    fill(this.said, stop ? stopInWords(stop) : '');
    this.paint();
  }
}
