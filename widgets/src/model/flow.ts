/** Gradient flow: the norm along the network, from the input's side to the loss. */

import type { Graph } from './graph.js';
import { isBad, NAN, INF, PLAIN, UNREACHED, ZERO, type Readings } from './readings.js';
import { trans } from '../trans.js';

export type FlowBy = 'parameter' | 'module' | 'node';

/** One point: a parameter, a module or a node. */
export interface Stop {
  name: string;
  norm: number;
  /** Does not grow with the number of elements. */
  rms: number;
  /** A number in `FLAGS`; `UNREACHED` where backward is still to come. */
  flag: number;
  rows: number[];
  /** When it was first used, by creation number. */
  at: number;
  /** Its norm in the iteration before; NaN if there was none. */
  before: number;
}

/** The points in the order of the forward. */
export function flow(graph: Graph, readings: Readings, by: FlowBy, before?: Stop[]): Stop[] {
  const first = firstUse(graph);
  const groups = new Map<string, { rows: number[]; at: number }>();
  const numbers = new Map<string, number>();
  const numbered = (name: string): string => {
    const number = (numbers.get(name) ?? 0) + 1;
    numbers.set(name, number);
    return `${name} ${number}`;
  };
  for (const row of forwardOrder(graph)) {
    if (graph.isLeaf(row) !== (by === 'parameter')) continue;
    const name =
      by === 'node'
        ? numbered(graph.label(row))
        : by === 'module'
          ? graph.scopeAt(row).title || trans.__('(no module)')
          : graph.name(row) || numbered(trans.__('leaf'));
    const at = by === 'parameter' ? first[row]! : graph.order[row]!;
    const group = groups.get(name);
    if (!group) groups.set(name, { rows: [row], at });
    else {
      group.rows.push(row);
      group.at = Math.min(group.at, at);
    }
  }
  const ago = new Map(before?.map(stop => [stop.name, stop.norm]));
  return [...groups]
    .sort((a, b) => a[1].at - b[1].at)
    .map(([name, { rows, at }]) => {
      const known = { name, rows, at, before: ago.get(name) ?? NaN };
      return { ...known, ...measure(graph, readings, rows) };
    });
}

function forwardOrder(graph: Graph): number[] {
  const rows = Array.from({ length: graph.count }, (_, row) => row);
  return rows.sort((a, b) => graph.order[a]! - graph.order[b]! || a - b);
}

/** For each row the first node that used it, by creation number. */
function firstUse(graph: Graph): Float64Array {
  const first = new Float64Array(graph.count).fill(Infinity);
  for (let i = 0; i < graph.source.length; i++) {
    const target = graph.target[i]!;
    first[target] = Math.min(first[target]!, graph.order[graph.source[i]!]!);
  }
  return first;
}

type Measured = Pick<Stop, 'norm' | 'rms' | 'flag'>;

function measure(graph: Graph, readings: Readings, rows: readonly number[]): Measured {
  let squares = 0;
  let size = 0;
  let worst = PLAIN;
  let reached = false;
  for (const row of rows) {
    const step = readings.step[row]!;
    if (step < 0) continue;
    reached = true;
    const norm = readings.norm[row]!;
    squares = Math.abs(norm) < 1e150 ? squares + norm * norm : Math.max(squares, norm);
    size += Math.max(graph.iteration.steps.data.size[step]!, 0);
    if (isBad(readings.flag[row]!)) worst = Math.max(worst, readings.flag[row]!);
  }
  if (!reached) return { norm: NaN, rms: NaN, flag: UNREACHED };
  const norm = Math.sqrt(squares);
  const flag = worst === NAN || worst === INF ? worst : norm === 0 ? ZERO : PLAIN;
  return { norm, rms: size ? norm / Math.sqrt(size) : NaN, flag };
}
