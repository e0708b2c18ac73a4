/** The tree of module scopes; a graph's rows are sorted so that each scope is one stretch. */

/** One name in a path: as it is shown, and as the module is called (empty if it is none). */
export interface Part {
  name: string;
  module: string;
}

export interface Scope {
  index: number;
  name: string;
  part: Part;
  path: readonly string[];
  /** The path as one text, which is also its key. */
  title: string;
  /** The module's name with dots, as conditions have it. */
  module: string;
  parent: number;
  depth: number;
  children: number[];
  /** Rows directly in it. */
  rows: number[];
  /** All rows in it and below, as a stretch of `Graph.sorted`. */
  begin: number;
  end: number;
  /** The latest of its rows: the nearest to the loss. */
  order: number;
  /** Equal for scopes in which the same ran. */
  signature: number;
}

export class ScopeTree {
  readonly scopes: Scope[] = [];
  private readonly byKey = new Map<string, number>();

  constructor() {
    this.add({ name: '', module: '' }, [], -1);
  }

  get root(): Scope {
    return this.scopes[0]!;
  }

  /** The index of a path's scope, made with those around it where they are missing. */
  at(path: readonly Part[]): number {
    let index = 0;
    for (const [depth, part] of path.entries()) {
      const key = `${index}\n${part.name}`;
      index = this.byKey.get(key) ?? this.add(part, path.slice(0, depth + 1), index, key);
    }
    return index;
  }

  /** The scope with this title, if there is one. */
  named(title: string): Scope | undefined {
    return this.scopes.find(scope => scope.title === title);
  }

  /** The innermost scope around both. */
  common(one: number, two: number): number {
    let a = this.scopes[one]!;
    let b = this.scopes[two]!;
    while (a !== b) {
      if (a.depth < b.depth) b = this.scopes[b.parent]!;
      else a = this.scopes[a.parent]!;
    }
    return a.index;
  }

  /** The scopes from the outermost (not the root) to this one. */
  lineage(index: number): Scope[] {
    const line: Scope[] = [];
    for (let at = index; at > 0; at = this.scopes[at]!.parent) line.unshift(this.scopes[at]!);
    return line;
  }

  private add(part: Part, parts: readonly Part[], parent: number, key = ''): number {
    const index = this.scopes.length;
    const depth = parts.length;
    const path = parts.map(({ name }) => name);
    const module = parts.map(one => one.module).filter(Boolean).join('.'); // prettier-ignore
    const scope: Scope = {
      index, name: part.name, part, path, title: path.join('.'), module, parent, depth,
      children: [], rows: [], begin: 0, end: 0, order: -Infinity, signature: 0,
    }; // prettier-ignore
    this.scopes.push(scope);
    this.byKey.set(key, index);
    this.scopes[parent]?.children.push(index);
    return index;
  }
}
