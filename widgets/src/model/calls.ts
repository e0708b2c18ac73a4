/**
 * Scopes as they are drawn: a module's path, unless what ran between its parts would make
 * arrows go up from the outside to the inside.
 *
 * A list of blocks that nobody calls as a whole gives its blocks to the scope around it; a
 * module that was called several times, as the cell of a loop, becomes one scope a call.
 */

import { isAgain } from './regions.js';
import { ScopeTree, type Part } from './scopes.js';

export interface Ops {
  /** Rows of operations, the earliest first. */
  rows: readonly number[];
  /** Each row's modules from the outside in. */
  path: (row: number) => readonly Part[];
  /** Creation number by row; negative for leaves. */
  order: Float64Array;
  source: Int32Array;
  target: Int32Array;
}

const MOST_ROUNDS = 8;

/** The tree of scopes, and the scope of each row in `scope`. */
export function placeOps(ops: Ops, scope: Int32Array): ScopeTree {
  let tree = new ScopeTree();
  for (const row of ops.rows) scope[row] = tree.at(ops.path(row));
  for (let round = 0; round < MOST_ROUNDS; round++) {
    const torn = tornScopes(ops, scope, tree);
    if (!torn.size) break;
    tree = mended(ops, scope, tree, torn);
  }
  return tree;
}

/** The outermost scopes that are entered from what was made before the last that is in them. */
function tornScopes(
  { rows, order, source, target }: Ops,
  scope: Int32Array,
  tree: ScopeTree,
): Set<number> {
  const { scopes } = tree;
  const last = new Float64Array(scopes.length).fill(-Infinity);
  for (const row of rows) {
    for (let at = scope[row]!; at > 0; at = scopes[at]!.parent) {
      last[at] = Math.max(last[at]!, order[row]!);
      if (isAgain([scopes[at]!.name])) break; // it was made late, but lies aside
    }
  }
  const enters = new Uint8Array(scopes.length);
  for (let i = 0; i < source.length; i++) {
    const [from, to] = [source[i]!, target[i]!];
    const [one, two] = [scope[from]!, scope[to]!];
    if (order[to]! < 0 || one === two) continue;
    const around = tree.common(one, two);
    for (let at = two; at !== around; at = scopes[at]!.parent)
      if (order[from]! < last[at]!) enters[at] = 1;
  }
  const torn = new Set<number>();
  for (const { index } of scopes) {
    if (!enters[index]) continue;
    if (!tree.lineage(index).some(outer => torn.has(outer.index))) torn.add(index);
  }
  return torn;
}

/** The tree again, without the scopes that are torn. */
function mended(
  { rows, order }: Ops,
  scope: Int32Array,
  tree: ScopeTree,
  torn: ReadonlySet<number>,
): ScopeTree {
  const called = new Set(Array.from(rows, row => scope[row]!)); // scopes with ops of their own
  const calls = new Map<number, number>();
  const lastIn = new Map<number, number>();
  const made = new ScopeTree();
  const sorted = [...rows].sort((a, b) => order[a]! - order[b]!);
  for (const [n, row] of sorted.entries()) {
    const parts: Part[] = [];
    let before: Part | null = null;
    for (const { index, part } of tree.lineage(scope[row]!)) {
      let own: Part = before ? joined(before, part) : part;
      before = null;
      if (torn.has(index) && !called.has(index)) {
        before = own;
        continue;
      }
      if (torn.has(index)) {
        if (lastIn.get(index) !== n - 1) calls.set(index, (calls.get(index) ?? 0) + 1);
        lastIn.set(index, n);
        own = { name: `${own.name} (${calls.get(index)})`, module: own.module };
      }
      parts.push(own);
    }
    scope[row] = made.at(parts);
  }
  return made;
}

function joined(one: Part, two: Part): Part {
  return { name: `${one.name}.${two.name}`, module: `${one.module}.${two.module}` };
}
