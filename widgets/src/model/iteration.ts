/** The rows of one iteration: its nodes, arrows, backward steps and runs. */

import type { Numbers, TableRows } from '../protocol/frame.js';
import { Columns, type ColumnKinds } from './columns.js';

export const NODE = {
  id: 'int', op: 'int', scope: 'int', shape: 'int', dtype: 'int', device: 'int', place: 'int',
  name: 'int', run: 'int', kind: 'int', seq: 'float', saved: 'float', seconds: 'float',
} as const; // prettier-ignore
export const EDGE = { source: 'int', target: 'int', slot: 'int', output: 'int' } as const;
export const STEP = {
  id: 'int', run: 'int', node: 'int', order: 'int', edited: 'int', seconds: 'float',
  size: 'float', norm: 'float', min: 'float', max: 'float', zeros: 'float', nan: 'float',
  inf: 'float',
} as const; // prettier-ignore
export const RUN = {
  id: 'int', error: 'int', create_graph: 'int', begin: 'float', end: 'float',
} as const; // prettier-ignore

export const OP = 0;
export const LEAF = 1;
export const FUNCTION = 2;
/** Bits of a step's `edited`. */
export const EDITED = 1;
export const UNDONE = 2;

/** What a column says where the sender left it out. */
const MISSING: Partial<Record<string, number>> = { run: -1, size: -1, zeros: -1, seconds: NaN };

export class Iteration {
  readonly nodes = new Columns(NODE);
  readonly edges = new Columns(EDGE);
  readonly steps = new Columns(STEP);
  readonly runs = new Columns(RUN);
  /** From a node's id in the trace to its row here. */
  readonly rowOf = new Map<number, number>();
  /** Grows with nodes and arrows: who derives something from them looks whether it did. */
  topology = 0;
  private lastEdge = -1;
  private readonly stepAt = new Map<number, number>();
  private readonly runAt = new Map<number, number>();

  constructor(readonly number: number) {}

  addNode(rows: TableRows, i: number): void {
    const id = rows.ids[i]!;
    let row = this.rowOf.get(id);
    if (row === undefined) {
      row = this.nodes.push();
      this.rowOf.set(id, row);
    }
    fill(this.nodes, row, rows, i);
    this.topology++;
  }

  /** Take in a node of another iteration that this one used. */
  borrow(other: Iteration, row: number): number {
    const id = other.nodes.data.id[row]!;
    const at = this.nodes.copy(other.nodes, row);
    this.rowOf.set(id, at);
    this.topology++;
    return at;
  }

  addEdge(rows: TableRows, i: number, source: number, target: number): void {
    const id = rows.ids[i]!;
    if (id <= this.lastEdge) return; // arrows come in order, and again when asked for again
    this.lastEdge = id;
    const row = this.edges.push();
    fill(this.edges, row, rows, i);
    this.edges.data.source[row] = source;
    this.edges.data.target[row] = target;
    this.topology++;
  }

  /** Add a step, or what became of one that is known (it can be taken back later). */
  addStep(rows: TableRows, i: number, node: number): void {
    const row = known(this.stepAt, rows.ids[i]!, this.steps);
    fill(this.steps, row, rows, i);
    this.steps.data.node[row] = node;
  }

  addRun(rows: TableRows, i: number): void {
    fill(this.runs, known(this.runAt, rows.ids[i]!, this.runs), rows, i);
  }
}

function known<K extends ColumnKinds>(
  index: Map<number, number>,
  id: number,
  table: Columns<K>,
): number {
  let row = index.get(id);
  if (row === undefined) {
    row = table.push();
    index.set(id, row);
  }
  return row;
}

function fill<K extends ColumnKinds>(
  table: Columns<K>,
  row: number,
  rows: TableRows,
  i: number,
): void {
  for (const name in table.kinds) {
    const column: Numbers | undefined = rows.columns[name];
    table.data[name][row] =
      name === 'id' ? rows.ids[i]! : column ? column[i]! : (MISSING[name] ?? 0);
  }
}
