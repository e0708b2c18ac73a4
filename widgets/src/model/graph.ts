/** One iteration as a graph: labels, scopes, and arrows from a node to what it was made from. */

import type { Place } from '../protocol/messages.js';
import { placeOps } from './calls.js';
import { LEAF, type Iteration } from './iteration.js';
import { isAgain, Regions } from './regions.js';
import type { Part, Scope, ScopeTree } from './scopes.js';
import type { TraceModel } from './trace.js';
import { trans } from '../trans.js';

/** Between ops and leaves. */
const AFTER_OPS = -0.5;
const SUFFIX = /Backward\d*$/;

export class Graph {
  readonly count: number;
  readonly tree: ScopeTree;
  /** The scope of each row. */
  readonly scope: Int32Array;
  /** Larger is nearer to the loss; leaves are at the end. */
  readonly order: Float64Array;
  /** Arrows without repetitions, as rows. */
  readonly source: Int32Array;
  readonly target: Int32Array;
  readonly regions: Regions;
  /** All rows, sorted so that each scope's are one stretch. */
  readonly sorted: Int32Array;
  private readonly labels: string[] = [];

  constructor(
    readonly trace: TraceModel,
    readonly iteration: Iteration,
  ) {
    const nodes = iteration.nodes;
    this.count = nodes.count;
    this.scope = new Int32Array(this.count);
    this.order = new Float64Array(this.count);
    const used = new Set(iteration.nodes.data.scope.subarray(0, this.count));
    const paths = [...used].map(number => trace.scopes[number] ?? []);
    this.regions = new Regions(paths);
    [this.source, this.target] = this.distinctEdges();
    this.tree = this.placeOps();
    this.placeLeaves();
    this.sorted = this.sortRows();
    this.sign();
  }

  /** What a node is called in its box. */
  label(row: number): string {
    return (this.labels[row] ??= this.labelOf(row));
  }

  /** The node's own name, `MulBackward0`. */
  op(row: number): string {
    return this.trace.text(this.iteration.nodes.data.op[row]!);
  }

  name(row: number): string {
    return this.trace.text(this.iteration.nodes.data.name[row]!);
  }

  kind(row: number): number {
    return this.iteration.nodes.data.kind[row]!;
  }

  isLeaf(row: number): boolean {
    return this.kind(row) === LEAF;
  }

  id(row: number): number {
    return this.iteration.nodes.data.id[row]!;
  }

  place(row: number): Place | null {
    return this.trace.places[this.iteration.nodes.data.place[row]!] ?? null;
  }

  /** `[64, 10]`; empty if it is not known. */
  shape(row: number): string {
    const shape = this.trace.shapes[this.iteration.nodes.data.shape[row]!] ?? null;
    return shape === null ? '' : `[${shape.join(', ')}]`;
  }

  scopeAt(row: number): Scope {
    return this.tree.scopes[this.scope[row]!]!;
  }

  /** Rows of a scope and the scopes below. */
  inside(scope: Scope): Int32Array {
    return this.sorted.subarray(scope.begin, scope.end);
  }

  private labelOf(row: number): string {
    if (this.isLeaf(row)) return this.name(row) || trans.__('leaf');
    const op = this.op(row);
    return op.replace(SUFFIX, '') || op;
  }

  /** The modules that an op ran in, from the outside in. */
  modules(row: number): readonly string[] {
    return this.trace.scopes[this.iteration.nodes.data.scope[row]!] ?? [];
  }

  private placeOps(): ScopeTree {
    const { scope, run, seq, kind } = this.iteration.nodes.data;
    const rows: number[] = [];
    const known = new Map<string, readonly Part[]>();
    const path = (row: number): readonly Part[] => {
      const key = `${scope[row]} ${run[row]}`;
      let parts = known.get(key);
      if (!parts) {
        const modules = this.modules(row).map(name => ({ name, module: name }));
        const made = { name: trans.__('made by backward %1', run[row]!), module: '' };
        parts = run[row]! >= 0 ? [made, ...modules] : modules;
        known.set(key, parts);
      }
      return parts;
    };
    for (let row = 0; row < this.count; row++) {
      this.order[row] = kind[row] === LEAF ? -1 : seq[row]!;
      if (kind[row] !== LEAF) rows.push(row);
    }
    const { order, source, target } = this;
    return placeOps({ rows, path, order, source, target }, this.scope);
  }

  /** A leaf belongs to the innermost module that has all its users. */
  private placeLeaves(): void {
    const placed = new Uint8Array(this.count);
    for (let i = 0; i < this.source.length; i++) {
      const leaf = this.target[i]!;
      if (!this.isLeaf(leaf)) continue;
      const user = this.scope[this.source[i]!]!;
      this.scope[leaf] = placed[leaf] ? this.tree.common(this.scope[leaf]!, user) : user;
      placed[leaf] = 1;
    }
  }

  private sortRows(): Int32Array {
    const scopes = this.tree.scopes;
    for (let row = 0; row < this.count; row++) {
      const scope = scopes[this.scope[row]!]!;
      scope.rows.push(row);
      scope.order = Math.max(scope.order, this.order[row]!);
    }
    const sorted = new Int32Array(this.count);
    let at = 0;
    const open: [scope: Scope, entered: boolean][] = [[this.tree.root, false]];
    for (let next = open.pop(); next; next = open.pop()) {
      const [scope, entered] = next;
      if (entered) {
        scope.end = at;
        if (isAgain([scope.name])) scope.order = AFTER_OPS; // it was made late, but lies aside
        const parent = scopes[scope.parent];
        if (parent) parent.order = Math.max(parent.order, scope.order);
        continue;
      }
      scope.begin = at;
      scope.rows.sort((a, b) => this.order[b]! - this.order[a]! || a - b);
      for (const row of scope.rows) sorted[at++] = row;
      open.push([scope, true]);
      for (const child of scope.children) open.push([scopes[child]!, false]);
    }
    return sorted;
  }

  /** Give scopes in which the same ran the same number. */
  private sign(): void {
    const scopes = this.tree.scopes;
    const numbers = new Map<string, number>();
    const { op, place } = this.iteration.nodes.data;
    for (let n = scopes.length - 1; n >= 0; n--) {
      const scope = scopes[n]!;
      scope.children.sort((a, b) => scopes[b]!.order - scopes[a]!.order);
      const parts = scope.children.map(child => `s${scopes[child]!.signature}`);
      for (const row of scope.rows) {
        if (!this.isLeaf(row)) parts.push(`${op[row]}@${place[row]}`);
      }
      const text = parts.join(' ');
      const number = numbers.get(text) ?? numbers.size;
      numbers.set(text, number);
      scope.signature = number;
    }
  }

  /** Arrows once each, without those by which what was computed again hangs on the rest. */
  private distinctEdges(): [Int32Array, Int32Array] {
    const { source, target } = this.iteration.edges.data;
    const { scope } = this.iteration.nodes.data;
    const again = this.trace.scopes.map(isAgain);
    const aside = (row: number): boolean => again[scope[row]!] ?? false;
    const seen = new Set<number>();
    const kept: number[] = [];
    for (let i = 0; i < this.iteration.edges.count; i++) {
      const key = source[i]! * 0x4000000 + target[i]!;
      if (seen.has(key) || (aside(source[i]!) && !aside(target[i]!))) continue;
      seen.add(key);
      kept.push(i);
    }
    return [Int32Array.from(kept, i => source[i]!), Int32Array.from(kept, i => target[i]!)];
  }
}
