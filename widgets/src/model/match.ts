/** Whether a node fits the parts of conditions that don't change while it runs. */

import type { Graph } from './graph.js';

const patterns = new Map<string, RegExp>();

/** Like Python's `fnmatch`, in any case: `*` any text, `?` any character. */
function glob(pattern: string): RegExp {
  let known = patterns.get(pattern);
  if (!known) {
    const escaped = pattern.replace(/[.+^${}()|[\]\\]/g, '\\$&');
    known = new RegExp(`^${escaped.replace(/\*/g, '.*').replace(/\?/g, '.')}$`, 'is');
    patterns.set(pattern, known);
  }
  return known;
}

/** An op's name as conditions compare it: small letters, no `_`, no `Backward0`. */
function bareOp(name: string): string {
  return name
    .toLowerCase()
    .replace(/_/g, '')
    .replace(/backward\d*$/, '');
}

export function matchesOp(graph: Graph, row: number, pattern: string): boolean {
  return glob(bareOp(pattern)).test(bareOp(graph.op(row)));
}

/** A dotted name with and without its first part, which is often the model's variable. */
function withAndWithoutModel(name: string): string[] {
  const dot = name.indexOf('.');
  return dot < 0 ? [name] : [name, name.slice(dot + 1)];
}

/** `net` and `net.*`: everything in it, with or without the model's name. */
export function matchesModule(graph: Graph, row: number, pattern: string): boolean {
  const below = pattern.endsWith('.*') ? pattern.slice(0, -2) : pattern;
  const whole = glob(below);
  if (graph.isLeaf(row)) return false;
  const modules = graph.modules(row);
  return modules.some((_, n) => {
    const name = modules.slice(0, n + 1).join('.');
    return withAndWithoutModel(name).some(title => whole.test(title));
  });
}

export function matchesName(graph: Graph, row: number, pattern: string): boolean {
  const fits = glob(pattern);
  return graph.isLeaf(row) && withAndWithoutModel(graph.name(row)).some(name => fits.test(name));
}

/** `12`, `12-14`: the line, in whatever file. */
export function matchesLine(graph: Graph, row: number, lines: string): boolean {
  const line = graph.place(row)?.line;
  const [from, to = from] = lines.split('-').map(Number);
  return line !== undefined && line >= from! && line <= to!;
}

export function matchesFile(graph: Graph, row: number, file: string, lines: string): boolean {
  const known = graph.place(row)?.file ?? '';
  return (known === file || known.endsWith(`/${file}`)) && matchesLine(graph, row, lines);
}

export function matchesCell(graph: Graph, row: number, cell: string, lines?: string): boolean {
  const place = graph.place(row);
  if (place?.execution_count !== Number(cell)) return false;
  return lines === undefined || matchesLine(graph, row, lines);
}
