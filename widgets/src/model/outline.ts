/**
 * Which boxes to show: module scopes opened as far as there is room, repeats folded.
 *
 * The result is a tree of boxes, hulls (open scopes) around what is in them.  What is paused
 * or faulty is never hidden unless somebody closes the scope around it.
 */

import type { Box, BoxKind } from './box.js';
import { foldMiddle, foldRepeats, type Group } from './fold.js';
import type { Graph } from './graph.js';
import { FUNCTION, LEAF } from './iteration.js';
import { isAgain } from './regions.js';
import type { Scope } from './scopes.js';
import { trans } from '../trans.js';
import { count, nodes } from './words.js';

export interface OutlineOptions {
  /** How many boxes there may be, unless somebody opens more. */
  maxBoxes: number;
  /** Scopes that somebody opened (true) or closed (false), by title. */
  chosen: ReadonlyMap<string, boolean>;
  /** Keys of folds that somebody opened. */
  unfolded: ReadonlySet<string>;
  /** Rows that are to be seen. */
  focus: ReadonlySet<number>;
}

export interface Outline {
  root: Box;
  /** All boxes, hulls before what is in them; the root first. */
  boxes: Box[];
  /** The box that shows each row. */
  owner: Int32Array;
}

/** A row (0 and up), or the scope with index -1 - unit. */
type Unit = number;
const unitOf = (scope: Scope): Unit => -1 - scope.index;
/** Which call of a module it is. */
const CALL = / \(\d+\)$/;
const MANY_LEAVES = 12;
/** Under this many boxes a closed scope is opened rather than folded. */
const LEAST_ROOM = 8;

export function outline(graph: Graph, options: OutlineOptions): Outline {
  return new Builder(graph, options).build();
}

class Builder {
  private readonly scopes: Scope[];
  private readonly boxes: Box[] = [];
  private readonly special: (unit: Unit) => boolean;

  constructor(
    private readonly graph: Graph,
    private readonly options: OutlineOptions,
  ) {
    this.scopes = graph.tree.scopes;
    const around = new Set<number>();
    for (const row of options.focus) {
      around.add(row);
      for (const scope of graph.tree.lineage(graph.scope[row]!)) around.add(unitOf(scope));
    }
    this.special = unit => around.has(unit);
  }

  build(): Outline {
    const opened = this.openWhatFits();
    const root = this.hull(this.graph.tree.root, null);
    for (let n = 0; n < this.boxes.length; n++) {
      const box = this.boxes[n]!;
      if (box.kind === 'hull') this.fill(box, opened);
    }
    const owner = new Int32Array(this.graph.count).fill(-1);
    for (const box of this.boxes) {
      if (box.kind !== 'hull') for (const row of box.rows) owner[row] = box.index;
    }
    return { root, boxes: this.boxes, owner };
  }

  // ------------------------------------------------------------ which scopes are open

  private openWhatFits(): Set<number> {
    const { maxBoxes, chosen } = this.options;
    const opened = new Set([0]);
    let shown = Math.min(this.units(this.graph.tree.root).length, maxBoxes);
    const open = (scope: Scope, count: number): void => {
      opened.add(scope.index);
      shown += count - 1;
    };
    const inner = this.scopes.slice(1).filter(scope => size(scope) > 1);
    for (const scope of inner) {
      if (this.special(unitOf(scope))) {
        open(scope, Math.min(this.units(scope).length, this.room(scope)));
      }
    }
    inner.sort((a, b) => a.depth - b.depth || size(a) - size(b));
    for (const alike of siblingsAlike(inner.filter(scope => !isAgain(scope.module.split('.'))))) {
      const closed = alike.filter(s => !opened.has(s.index) && opened.has(s.parent));
      const counts = closed.map(scope => this.units(scope).length);
      const more = counts.reduce((sum, count) => sum + count - 1, 0);
      // All blocks of a kind or none: one open block among many says nothing.
      if (shown + more <= maxBoxes)
        for (const [n, scope] of closed.entries()) open(scope, counts[n]!);
    }
    for (const scope of inner) {
      const wish = chosen.get(scope.title);
      if (wish === true) opened.add(scope.index);
      else if (wish === false) opened.delete(scope.index);
    }
    return opened;
  }

  private room(scope: Scope): number {
    const most = this.options.maxBoxes;
    return scope.index === 0 ? most : Math.max(Math.floor(most / 3), LEAST_ROOM);
  }

  /** What an open scope shows, in the order in which backward meets it, leaves last. */
  private units(scope: Scope): Unit[] {
    const units: Unit[] = [...scope.rows];
    for (const index of scope.children) {
      const child = this.scopes[index]!;
      units.push(size(child) === 1 ? this.graph.sorted[child.begin]! : unitOf(child));
    }
    return units.sort((a, b) => this.orderOf(b) - this.orderOf(a));
  }

  private orderOf(unit: Unit): number {
    return unit < 0 ? this.scopes[-1 - unit]!.order : this.graph.order[unit]!;
  }

  // ------------------------------------------------------------ boxes of an open scope

  private fill(hull: Box, opened: ReadonlySet<number>): void {
    const scope = this.scopes[hull.scope]!;
    const still: Scope[] = [];
    const units: Unit[] = [];
    for (const unit of this.units(scope)) {
      if (unit < 0 && opened.has(-1 - unit)) still.push(this.scopes[-1 - unit]!);
      else units.push(unit);
    }
    for (const child of still) this.hull(child, hull);
    const chosen = this.options.chosen.get(scope.title) === true;
    const least = chosen ? this.options.maxBoxes / 2 : 4;
    this.fillUnits(hull, units, Math.max(this.room(scope) - still.length, least));
    hull.children.sort((a, b) => b.order - a.order);
  }

  private fillUnits(hull: Box, units: Unit[], room: number): void {
    const isLeaf = (unit: Unit): boolean => unit >= 0 && this.graph.isLeaf(unit);
    const leaves = units.filter(isLeaf);
    const rest = units.filter(unit => !isLeaf(unit));
    if (units.length <= room) {
      for (const unit of [...rest, ...leaves]) this.unit(hull, unit);
      return;
    }
    const signatures = rest.map(unit => this.signature(unit));
    let groups = foldRepeats(rest, signatures, this.special);
    const few = Math.min(leaves.length, MANY_LEAVES);
    if (groups.length + few > room) {
      groups = foldMiddle(groups, Math.max(Math.floor(room) - few, 4), this.special);
    }
    const first = this.boxes.length;
    for (const group of groups) this.group(hull, group);
    this.leaves(hull, first, leaves);
  }

  private signature(unit: Unit): string {
    if (unit < 0) return `s${this.scopes[-1 - unit]!.signature}`;
    const { op, place, scope } = this.graph.iteration.nodes.data;
    return `${op[unit]}@${place[unit] || -1 - scope[unit]!}`;
  }

  /** A leaf that only one fold uses goes into it; too many leaves become one box. */
  private leaves(hull: Box, first: number, leaves: Unit[]): void {
    const users = this.usersOf(leaves, first);
    const inFold = new Map<Box, number[]>();
    const alone: Unit[] = [];
    for (const leaf of leaves) {
      const box = this.boxes[users.get(leaf) ?? -1];
      if (box?.kind !== 'fold' || this.special(leaf)) alone.push(leaf);
      else inFold.set(box, [...(inFold.get(box) ?? []), leaf]);
    }
    for (const [box, more] of inFold) box.rows = Int32Array.from([...box.rows, ...more]);
    const kept = alone.length <= MANY_LEAVES ? alone : alone.filter(this.special);
    for (const leaf of kept) this.unit(hull, leaf);
    const rest = alone.length <= MANY_LEAVES ? [] : alone.filter(leaf => !this.special(leaf));
    if (rest.length) this.group(hull, { units: rest, times: 1 });
  }

  /** The one box that uses a leaf; -1 where there are several. */
  private usersOf(leaves: Unit[], first: number): Map<number, number> {
    const owner = new Map<number, number>();
    for (const box of this.boxes.slice(first))
      for (const row of box.rows) owner.set(row, box.index);
    const wanted = new Set(leaves);
    const users = new Map<number, number>();
    const { source, target } = this.graph;
    for (let i = 0; i < source.length; i++) {
      if (!wanted.has(target[i]!)) continue;
      const box = owner.get(source[i]!) ?? -1;
      const before = users.get(target[i]!);
      users.set(target[i]!, before === undefined || before === box ? box : -1);
    }
    return users;
  }

  // ------------------------------------------------------------ single boxes

  private hull(scope: Scope, parent: Box | null): Box {
    const title = parent ? relative(scope, this.scopes[parent.scope]!.depth) : '';
    return this.add('hull', `s:${scope.title}`, title, parent, {
      scope: scope.index,
      rows: this.graph.inside(scope),
      order: scope.order,
    });
  }

  private unit(hull: Box, unit: Unit): void {
    if (unit < 0) {
      const scope = this.scopes[-1 - unit]!;
      this.add('scope', `s:${scope.title}`, relative(scope, this.scopes[hull.scope]!.depth), hull, {
        scope: scope.index,
        rows: this.graph.inside(scope),
        order: scope.order,
      });
      return;
    }
    const graph = this.graph;
    const kind = graph.kind(unit);
    const word = kind === LEAF ? 'leaf' : kind === FUNCTION ? 'function' : 'op';
    this.add(word, `n:${graph.id(unit)}`, graph.label(unit), hull, {
      row: unit,
      scope: graph.scope[unit]!,
      rows: Int32Array.of(unit),
      order: graph.order[unit]!,
    });
  }

  private group(hull: Box, group: Group<Unit>): void {
    const { units, times } = group;
    const key = `f:${hull.key}:${this.unitKey(units[0]!)}`;
    if (units.length === 1 || this.options.unfolded.has(key)) {
      for (const unit of units) this.unit(hull, unit);
      return;
    }
    const rows = units.flatMap(unit =>
      unit < 0 ? [...this.graph.inside(this.scopes[-1 - unit]!)] : [unit],
    );
    this.add('fold', key, this.foldTitle(units, times, rows), hull, {
      scope: hull.scope,
      rows: Int32Array.from(rows),
      order: Math.max(...[units[0]!, units[units.length - 1]!].map(unit => this.orderOf(unit))),
      times,
    });
  }

  private unitKey(unit: Unit): string {
    return unit < 0 ? this.scopes[-1 - unit]!.title : String(this.graph.id(unit));
  }

  private foldTitle(units: Unit[], times: number, rows: number[]): string {
    const name = (unit: Unit): string =>
      unit < 0 ? this.scopes[-1 - unit]!.name.replace(CALL, '') : this.graph.label(unit);
    if (times > 1) {
      const period = units.length / times;
      const names =
        period === 1 && units[0]! < 0
          ? `${name(units[units.length - 1]!)} … ${name(units[0]!)}`
          : units.slice(0, Math.min(period, 4)).map(name).join(' · ') + (period > 4 ? ' …' : '');
      return `${names}  ×${times}`;
    }
    const leaves = rows.every(row => this.graph.isLeaf(row));
    return leaves
      ? trans._n('%2 leaf', '%2 leaves', rows.length, count(rows.length))
      : nodes(rows.length);
  }

  private add(
    kind: BoxKind,
    key: string,
    title: string,
    parent: Box | null,
    more: Pick<Box, 'scope' | 'rows' | 'order'> & Partial<Box>,
  ): Box {
    const { module } = this.scopes[more.scope]!;
    const box: Box = {
      index: this.boxes.length, key, kind, title, parent, row: -1, times: 1,
      region: this.graph.regions.of(module),
      children: [], path: module, width: 0, height: 0, x: 0, y: 0, ...more,
    }; // prettier-ignore
    this.boxes.push(box);
    parent?.children.push(box);
    return box;
  }
}

/** Scopes in the order in which they are opened, those with one parent and one content together. */
function siblingsAlike(scopes: readonly Scope[]): Scope[][] {
  const groups = new Map<string, Scope[]>();
  for (const scope of scopes) {
    const key = `${scope.parent} ${scope.signature}`;
    const group = groups.get(key);
    if (group) group.push(scope);
    else groups.set(key, [scope]);
  }
  return [...groups.values()];
}

function size(scope: Scope): number {
  return scope.end - scope.begin;
}

/** A scope's name as it reads below that many others: `attn`, but `h.3` rather than `3`. */
function relative(scope: Scope, skipped: number): string {
  const parts = scope.path.slice(skipped);
  const before = scope.path[skipped - 1];
  return parts.length === 1 && /^\d+( \(\d+\))?$/.test(parts[0]!) && before
    ? `${before}.${parts[0]}`
    : parts.join('.');
}
