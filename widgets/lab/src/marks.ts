/** Which lines of which cells get a mark; no DOM. */

import { staticTest } from '../../src/model/breakpoints.js';
import { Graph } from '../../src/model/graph.js';
import type { TraceModel } from '../../src/model/trace.js';
import type { Breakpoint, Place } from '../../src/protocol/messages.js';
import { cellAt, findLine, type Sources } from './lines.js';

export interface Mark {
  breakpoints: Breakpoint[];
  /** The run is paused at a node that this line made. */
  paused: boolean;
}

/** For each cell's id its marked lines, counted from 0. */
export type CellMarks = Map<string, Map<number, Mark>>;

export function marksOf(
  model: TraceModel,
  breakpoints: readonly Breakpoint[],
  sources: Sources,
): CellMarks {
  const marks: CellMarks = new Map();
  for (const breakpoint of breakpoints) {
    for (const place of placesOf(model, breakpoint)) {
      const mark = markAt(marks, place, sources);
      if (mark && !mark.breakpoints.includes(breakpoint)) mark.breakpoints.push(breakpoint);
    }
    markTyped(marks, breakpoint, sources);
  }
  const { location } = model.state;
  const paused = model.paused && location ? markAt(marks, location, sources) : null;
  if (paused) paused.paused = true;
  return marks;
}

/** Where the nodes of the shown graph were made that a breakpoint stops at. */
function placesOf(model: TraceModel, { text }: Breakpoint): Set<Place> {
  const places = new Set<Place>();
  const test = staticTest(text);
  const graph = test && graphOf(model);
  for (let row = 0; graph && row < graph.count; row++) {
    const place = graph.place(row);
    if (place && !places.has(place) && test(graph, row)) places.add(place);
  }
  return places;
}

let made: { graph: Graph; key: string } | null = null;

/** The graph of the newest iteration; made anew only when it has grown. */
function graphOf(model: TraceModel): Graph | null {
  const iteration = model.iterations.get(model.latest);
  if (!iteration) return null;
  const key = `${model.id} ${iteration.number} ${iteration.topology}`;
  if (made?.key !== key || made.graph.trace !== model) {
    made = { graph: new Graph(model, iteration), key };
  }
  return made.graph;
}

/** A condition that names cell and line itself needs no graph. */
function markTyped(marks: CellMarks, breakpoint: Breakpoint, sources: Sources): void {
  const named = /^cell:(\d+):(\d+)$/.exec(breakpoint.text.trim());
  if (!named) return;
  for (const [id, { text, count }] of sources) {
    const line = Number(named[2]) - 1;
    if (count !== Number(named[1]) || line >= text.split('\n').length) continue;
    const lines = marks.get(id);
    const known = [...(lines?.values() ?? [])].some(mark => mark.breakpoints.includes(breakpoint));
    if (!known) markLine(marks, id, line).breakpoints.push(breakpoint);
  }
}

function markAt(marks: CellMarks, place: Place, sources: Sources): Mark | null {
  const id = cellAt(place, sources);
  const line = id === undefined ? null : findLine(sources.get(id)!.text, place);
  return line === null ? null : markLine(marks, id!, line);
}

function markLine(marks: CellMarks, id: string, line: number): Mark {
  let lines = marks.get(id);
  if (!lines) marks.set(id, (lines = new Map<number, Mark>()));
  let mark = lines.get(line);
  if (!mark) lines.set(line, (mark = { breakpoints: [], paused: false }));
  return mark;
}
