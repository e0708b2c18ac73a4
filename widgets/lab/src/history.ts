/** The norms of parameters over the iterations, which outlive the iterations themselves. */

import { LEAF, UNDONE } from '../../src/model/iteration.js';
import type { TraceModel } from '../../src/model/trace.js';
import type { Frame } from '../../src/protocol/frame.js';
import { toNumber, type JsonNumber } from '../../src/protocol/messages.js';

/** Iterations that are kept. */
export const LONGEST = 200;

export interface Parameter {
  name: string;
  shape: readonly number[] | null;
  /** The norm of its gradient in each iteration that backward reached it in. */
  norms: Map<number, number>;
}

/** As the kernel tells it to one who comes later. */
export interface Told {
  first?: number;
  parameters?: Record<string, (JsonNumber | null)[]>;
}

export class History {
  /** By name, in the order of the network. */
  readonly parameters = new Map<string, Parameter>();
  newest = -1;

  constructor(model: TraceModel) {
    model.filed.on(frame => this.file(model, frame));
    model.changed.on(change => {
      if (change === 'reset') this.clear();
    });
  }

  /** Whether a parameter lacks an iteration between its first and the newest. */
  get hasGaps(): boolean {
    return [...this.parameters.values()].some(
      ({ norms }) => norms.size < this.newest + 1 - Math.min(...norms.keys()),
    );
  }

  /** Fill in what was before the first frame that came here. */
  restore({ first = 0, parameters = {} }: Told): void {
    for (const [name, told] of Object.entries(parameters)) {
      const { norms } = this.parameter(name);
      const known = new Map(norms);
      norms.clear();
      told.forEach((norm, n) => {
        if (norm !== null) norms.set(first + n, toNumber(norm));
      });
      for (const [iteration, norm] of known) norms.set(iteration, norm);
      this.newest = Math.max(this.newest, first + told.length - 1);
    }
  }

  private file(model: TraceModel, frame: Frame): void {
    const { nodes, steps } = frame.tables;
    for (let i = 0; i < (nodes?.count ?? 0); i++) this.meet(model, nodes!.ids[i]!);
    const done = steps?.columns['node'];
    for (let i = 0; i < (steps?.count ?? 0); i++) {
      const undone = ((steps!.columns['edited']?.[i] ?? 0) & UNDONE) !== 0;
      this.note(model, done![i]!, undone ? null : steps!.columns['norm']![i]!);
    }
  }

  /** A leaf appears: it has a row before backward reaches it. */
  private meet(model: TraceModel, id: number): void {
    const found = leaf(model, id);
    if (!found) return;
    this.newest = Math.max(this.newest, found.iteration);
    this.parameter(found.name).shape = found.shape;
  }

  private note(model: TraceModel, id: number, norm: number | null): void {
    const found = leaf(model, id);
    if (!found) return;
    const { norms } = this.parameter(found.name);
    if (norm === null) norms.delete(found.iteration);
    else norms.set(found.iteration, norm);
    for (const iteration of norms.keys()) {
      if (iteration > found.iteration - LONGEST) break;
      norms.delete(iteration);
    }
  }

  private parameter(name: string): Parameter {
    let known = this.parameters.get(name);
    if (!known) {
      known = { name, shape: null, norms: new Map() };
      this.parameters.set(name, known);
    }
    return known;
  }

  private clear(): void {
    this.parameters.clear();
    this.newest = -1;
  }
}

/** The named leaf with this id. */
function leaf(
  model: TraceModel,
  id: number,
): { name: string; shape: readonly number[] | null; iteration: number } | null {
  const iteration = model.iterationOf(id);
  const row = iteration?.rowOf.get(id);
  if (iteration === undefined || row === undefined) return null;
  const { kind, name, shape } = iteration.nodes.data;
  const text = kind[row] === LEAF ? model.text(name[row]!) : '';
  if (!text) return null;
  return { name: text, shape: model.shapes[shape[row]!] ?? null, iteration: iteration.number };
}
