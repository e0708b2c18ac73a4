/** Traces and graphs for tests. */

import type { Builder } from '../demo/builder.js';
import { Graph } from '../src/model/graph.js';
import { TraceModel } from '../src/model/trace.js';
import { readFrame } from '../src/protocol/frame.js';

export function modelOf(builder: Builder): TraceModel {
  const model = new TraceModel();
  for (const { header, buffer } of builder.frames()) {
    model.apply(readFrame(header, new DataView(buffer)));
  }
  return model;
}

export function graphOf(builder: Builder, iteration = builder.iteration): Graph {
  const model = modelOf(builder);
  return new Graph(model, model.iterations.get(iteration)!);
}

/** The row of the only node with this label (and scope, where it matters). */
export function rowOf(graph: Graph, label: string, scope?: string): number {
  const rows = Array.from({ length: graph.count }, (_, row) => row).filter(
    row =>
      graph.label(row) === label && (scope === undefined || graph.scopeAt(row).title === scope),
  );
  if (rows.length !== 1) throw new Error(`${rows.length} nodes are called ${label}`);
  return rows[0]!;
}
