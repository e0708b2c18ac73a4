import { describe, expect, it } from 'vitest';

import { TraceModel } from '../../src/model/trace.js';
import type { Breakpoint, Place, State } from '../../src/protocol/messages.js';
import { cellAt, findLine, lineIn } from '../src/lines.js';
import { marksOf } from '../src/marks.js';

const SOURCE = 'w.grad = None\ny = (w * 3).tanh()\ny.sum().backward()';
const place = (line: number, text: string): Place =>
  ({ file: 'f', line, text, where: '', execution_count: 4, cell_id: 'c' }); // prettier-ignore
const breakpoint = (number: number, text: string, enabled = true): Breakpoint =>
  ({ number, text, enabled, hits: 0, once: false, ignore: 0, every: 1, error: '' }); // prettier-ignore
const sources = new Map([['c', { text: SOURCE, count: 4 }]]);

/** Two nodes of the second line: Mul and Tanh. */
function traced(): TraceModel {
  const model = new TraceModel();
  const columns = {
    op: Int32Array.of(1, 2), scope: Int32Array.of(0, 0), iteration: Int32Array.of(0, 0),
    kind: Int32Array.of(0, 0), seq: Float64Array.of(5, 6), place: Int32Array.of(0, 0),
  }; // prettier-ignore
  model.apply({
    type: 'frame', trace: 't', sequence: 1, first: 0, iteration: 0, live: true,
    texts: ['', 'MulBackward0', 'TanhBackward0'], scopes: [[]], shapes: [],
    places: [place(2, 'y = (w * 3).tanh()')],
    tables: { nodes: { count: 2, ids: [0, 1], columns } },
  }); // prettier-ignore
  return model;
}

function linesOf(...texts: string[]): [number, number[]][] {
  const marks = marksOf(
    traced(),
    texts.map((text, n) => breakpoint(n + 1, text)),
    sources,
  );
  return [...(marks.get('c') ?? [])].map(([line, { breakpoints }]) => [
    line,
    breakpoints.map(b => b.number),
  ]);
}

describe('marks beside lines', () => {
  it('stand where a breakpoint stops at a node of the line', () => {
    expect(linesOf('op:Tanh', 'op:Exp', 'op:M*')).toEqual([[1, [1, 3]]]);
  });

  it('do not stand for conditions that ask the gradient', () => {
    expect(linesOf('nan', 'norm > 1e3')).toEqual([]);
  });

  it('need no graph where the condition names the line', () => {
    expect(linesOf('cell:4:3', 'cell:3:1', 'cell:4:9')).toEqual([[2, [1]]]);
  });

  it('show where a run is paused, only while it is', () => {
    const model = traced();
    const location = place(2, 'y = (w * 3).tanh()');
    const state: State = { status: 'paused', location };
    model.setLiveness('live');
    model.setState(state);
    expect(marksOf(model, [], sources).get('c')?.get(1)?.paused).toBe(true);
    model.setState({ status: 'idle' });
    expect(marksOf(model, [], sources).size).toBe(0);
  });

  it('find a cell by its number where the kernel does not know its id', () => {
    const unknown = place(2, 'y = (w * 3).tanh()');
    delete unknown.cell_id;
    expect(cellAt(unknown, sources)).toBe('c');
    expect(cellAt({ ...unknown, execution_count: 5 }, sources)).toBeUndefined();
    expect(cellAt({ ...unknown, text: 'z' }, sources)).toBeUndefined();
    expect(cellAt({ ...unknown, cell_id: 'gone' }, sources)).toBeUndefined();
  });

  it('are left out for lines that read differently now', () => {
    const changed = new Map([['c', { text: 'something\nelse', count: 4 }]]);
    expect(marksOf(traced(), [breakpoint(1, 'op:Tanh')], changed).size).toBe(0);
  });
});

describe('the line of a place', () => {
  it('is what the kernel says, or one less where a line was put in front', () => {
    expect(findLine(SOURCE, place(2, 'y = (w * 3).tanh()'))).toBe(1);
    expect(findLine(SOURCE, place(3, 'y = (w * 3).tanh()'))).toBe(1);
    expect(findLine(SOURCE, place(2, 'z = 1'))).toBeNull();
    expect(lineIn(SOURCE, place(9, 'z = 1'))).toBe(2);
  });
});
