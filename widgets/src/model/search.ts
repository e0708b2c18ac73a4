/**
 * Finding nodes: any text, or `op:`, `module:`, `name:`, `line:12`, `model.py:12` as breakpoints
 * have them.  Words that stand side by side must all fit.
 */

import type { Graph } from './graph.js';
import { matchesFile, matchesLine, matchesModule, matchesName, matchesOp } from './match.js';

type Test = (row: number) => boolean;

/** The rows that fit, in the order of the backward; none for an empty query. */
export function search(graph: Graph, query: string): number[] {
  const tests = query
    .trim()
    .split(/\s+(?:and\s+)?/)
    .filter(Boolean)
    .map(word => testOf(graph, word));
  if (!tests.length) return [];
  const found: number[] = [];
  for (let row = 0; row < graph.count; row++) if (tests.every(test => test(row))) found.push(row);
  return found.sort((a, b) => graph.order[b]! - graph.order[a]! || a - b);
}

function testOf(graph: Graph, word: string): Test {
  const at = word.indexOf(':');
  const key = at > 0 ? word.slice(0, at) : '';
  const rest = word.slice(at + 1);
  if (rest) {
    if (key === 'op') return row => matchesOp(graph, row, rest);
    if (key === 'module') return row => matchesModule(graph, row, rest);
    if (key === 'name') return row => matchesName(graph, row, rest);
    if (key === 'line') return row => matchesLine(graph, row, rest);
    if (key && /^\d+(-\d+)?$/.test(rest)) return row => matchesFile(graph, row, key, rest);
  }
  return anyText(graph, word.toLowerCase());
}

function anyText(graph: Graph, text: string): Test {
  const inScope = graph.tree.scopes.map(scope => scope.title.toLowerCase().includes(text));
  const inPlace = graph.trace.places.map(place =>
    `${place?.where ?? ''}: ${place?.text ?? ''}`.toLowerCase().includes(text),
  );
  const inText = graph.trace.texts.map(known => known.toLowerCase().includes(text));
  const { op, name, place } = graph.iteration.nodes.data;
  return row =>
    inText[op[row]!] === true ||
    inText[name[row]!] === true ||
    inScope[graph.scope[row]!] === true ||
    (place[row]! > 0 && inPlace[place[row]!] === true);
}
