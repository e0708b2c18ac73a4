/**
 * Breakpoints on the graph: the condition that stands for a box, and which boxes a condition
 * stands for, as far as that does not depend on gradients.
 */

import type { Breakpoint } from '../protocol/messages.js';
import type { Box } from './box.js';
import type { Graph } from './graph.js';
import {
  matchesCell,
  matchesFile,
  matchesLine,
  matchesModule,
  matchesName,
  matchesOp,
} from './match.js';

/** The condition that stops at what a box shows; null if there is none that does. */
export function conditionFor(graph: Graph, box: Box): string | null {
  if (box.kind === 'hull' || box.kind === 'scope') {
    const { module } = graph.tree.scopes[box.scope]!;
    return module ? `module:${quoted(module)}` : null;
  }
  if (box.row < 0) return null;
  if (graph.isLeaf(box.row)) {
    const name = graph.name(box.row);
    return name ? `name:${quoted(name)}` : null;
  }
  return conditionForNode(graph, box.row);
}

function conditionForNode(graph: Graph, row: number): string {
  const parts = [`op:${quoted(graph.label(row))}`];
  const modules = graph.modules(row);
  if (modules.length) parts.push(`module:${quoted(modules.join('.'))}`);
  const place = graph.place(row);
  if (place?.execution_count !== undefined) {
    parts.push(`cell:${place.execution_count}:${place.line}`);
  } else if (place) {
    parts.push(`line:${place.line}`);
  }
  return parts.join(' and ');
}

/** Where `until` goes for a box: a node's number if it has one that is exact, else a condition. */
export function targetOf(graph: Graph, box: Box): string | null {
  if (box.row >= 0 && !graph.isLeaf(box.row)) {
    return `#${graph.iteration.nodes.data.seq[box.row]}`;
  }
  return conditionFor(graph, box);
}

/** A name as conditions take it: in quotes where it has spaces or signs. */
function quoted(name: string): string {
  if (/^[\w.*?-]+$/.test(name)) return name;
  return name.includes('"') ? `'${name}'` : `"${name}"`;
}

type Test = (graph: Graph, row: number) => boolean;

/** A test of nodes; null where the condition asks for gradients, or more than `and`. */
export function staticTest(text: string): Test | null {
  const bare = text.replace(/\b(once|backward|(ignore|every)\s+\d+)\b/g, ' ');
  const atoms = bare.trim().split(/\s+and\s+/);
  const tests = atoms.map(atom => atomTest(atom.trim()));
  if (tests.some(test => test === null)) return null;
  return (graph, row) => tests.every(test => test!(graph, row));
}

function atomTest(atom: string): Test | null {
  const match = /^([^\s:]+):\s*("[^"]*"|'[^']*'|\S+)$/.exec(atom);
  if (!match) return null;
  const key = match[1]!;
  const value = match[2]!.replace(/^(["'])(.*)\1$/, '$2');
  switch (key) {
    case 'op':
      return (graph, row) => matchesOp(graph, row, value);
    case 'module':
      return (graph, row) => matchesModule(graph, row, value);
    case 'name':
      return (graph, row) => matchesName(graph, row, value);
    case 'line':
      return (graph, row) => matchesLine(graph, row, value);
    case 'cell': {
      const [cell, lines] = value.split(':');
      return (graph, row) => matchesCell(graph, row, cell!, lines);
    }
    case 'py':
    case 'iter':
      return null;
    default:
      return /^\d+(-\d+)?$/.test(value)
        ? (graph, row) => matchesFile(graph, row, key, value)
        : null;
  }
}

/** The breakpoints that a box shows a dot for. */
export class BreakpointMarks {
  private readonly ofBox = new Map<number, Breakpoint[]>();

  constructor(graph: Graph, boxes: readonly Box[], breakpoints: readonly Breakpoint[]) {
    const tests = breakpoints.map(breakpoint => [breakpoint, staticTest(breakpoint.text)] as const);
    if (!tests.some(([, test]) => test)) return;
    for (const box of boxes) {
      const own = conditionFor(graph, box);
      const found = tests
        .filter(([b, test]) => b.text === own || (test && shows(graph, box, test)))
        .map(([breakpoint]) => breakpoint);
      if (found.length) this.ofBox.set(box.index, found);
    }
  }

  at(box: Box): readonly Breakpoint[] {
    return this.ofBox.get(box.index) ?? [];
  }
}

/** A closed box shows what is in it; an open one leaves that to its boxes. */
function shows(graph: Graph, box: Box, test: Test): boolean {
  return box.kind !== 'hull' && box.rows.some(row => test(graph, row));
}
