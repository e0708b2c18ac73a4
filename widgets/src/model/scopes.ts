/** The tree of module scopes; a graph's rows are sorted so that each scope is one stretch. */

export interface Scope {
  index: number;
  name: string;
  path: readonly string[];
  /** The path as one text, which is also its key. */
  title: string;
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
    this.add('', [], -1);
  }

  get root(): Scope {
    return this.scopes[0]!;
  }

  /** The index of a path's scope, made with those around it where they are missing. */
  at(path: readonly string[]): number {
    let index = 0;
    for (const [depth, name] of path.entries()) {
      const key = `${index}\n${name}`;
      index = this.byKey.get(key) ?? this.add(name, path.slice(0, depth + 1), index, key);
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

  private add(name: string, path: readonly string[], parent: number, key = ''): number {
    const index = this.scopes.length;
    const depth = path.length;
    const scope: Scope = {
      index, name, path, title: path.join('.'), parent, depth,
      children: [], rows: [], begin: 0, end: 0, order: -Infinity, signature: 0,
    }; // prettier-ignore
    this.scopes.push(scope);
    this.byKey.set(key, index);
    this.scopes[parent]?.children.push(index);
    return index;
  }
}
