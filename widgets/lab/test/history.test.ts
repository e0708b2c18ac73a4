import { describe, expect, it } from 'vitest';

import { LEAF, UNDONE } from '../../src/model/iteration.js';
import { TraceModel } from '../../src/model/trace.js';
import type { Frame, TableRows } from '../../src/protocol/frame.js';
import { History, LONGEST } from '../src/history.js';

function rows(ids: number[], columns: Record<string, number[]>): TableRows {
  const made = Object.entries(columns).map(([name, values]) => [name, Float64Array.from(values)]);
  return { count: ids.length, ids, columns: Object.fromEntries(made) as TableRows['columns'] };
}

/** A frame with one leaf `w` in each of these iterations, and the norms that backward found. */
function frame(sequence: number, norms: Record<number, number | null>, edited = 0): Frame {
  const iterations = Object.keys(norms).map(Number);
  const done = iterations.filter(n => norms[n] !== null);
  return {
    type: 'frame', trace: 't', sequence, first: 0, iteration: Math.max(...iterations), live: true,
    texts: sequence === 1 ? ['', 'AccumulateGrad', 'w'] : [], scopes: sequence === 1 ? [[]] : [],
    shapes: sequence === 1 ? [null, [2, 3]] : [], places: [],
    tables: {
      nodes: rows(iterations, {
        op: iterations.map(() => 1), name: iterations.map(() => 2), shape: iterations.map(() => 1),
        scope: iterations.map(() => 0), iteration: iterations, kind: iterations.map(() => LEAF),
        seq: iterations,
      }),
      steps: rows(done, {
        run: done, node: done, norm: done.map(n => norms[n]!), edited: done.map(() => edited),
      }),
    },
  }; // prettier-ignore
}

function setUp(): { model: TraceModel; history: History; norms: () => [number, number][] } {
  const model = new TraceModel();
  const history = new History(model);
  return { model, history, norms: () => [...(history.parameters.get('w')?.norms ?? [])] };
}

describe('the history of norms', () => {
  it('keeps iterations that the model has forgotten', () => {
    const { model, history, norms } = setUp();
    for (let n = 0; n < 12; n++) model.apply(frame(n + 1, { [n]: n / 10 }));
    expect(model.iterations.size).toBeLessThan(8);
    expect(norms()).toEqual(Array.from({ length: 12 }, (_, n) => [n, n / 10]));
    expect(history.parameters.get('w')?.shape).toEqual([2, 3]);
    expect(history.newest).toBe(11);
  });

  it('knows a parameter before backward reaches it', () => {
    const { model, history } = setUp();
    model.apply(frame(1, { 0: null }));
    expect([...history.parameters.keys()]).toEqual(['w']);
    expect(history.parameters.get('w')?.norms.size).toBe(0);
  });

  it('takes back what was undone', () => {
    const { model, norms } = setUp();
    model.apply(frame(1, { 0: 5 }));
    model.apply(frame(2, { 0: 5 }, UNDONE));
    expect(norms()).toEqual([]);
  });

  it('does not grow without end', () => {
    const { model, norms } = setUp();
    const many = LONGEST + 30;
    for (let n = 0; n < many; n++) model.apply(frame(n + 1, { [n]: 1 }));
    expect(norms()).toHaveLength(LONGEST);
    expect(norms()[0]).toEqual([30, 1]);
  });

  it('is filled in by what the kernel tells, which does not overwrite what came since', () => {
    const { model, history, norms } = setUp();
    model.apply(frame(1, { 3: 0.5 }));
    expect(history.hasGaps).toBe(false);
    model.apply(frame(2, { 6: 0.25 }));
    expect(history.hasGaps).toBe(true);
    history.restore({ first: 2, parameters: { w: [1, 9, 'inf', null] } });
    expect(norms()).toEqual([[2, 1], [3, 0.5], [4, Infinity], [6, 0.25]]); // prettier-ignore
  });

  it('of another trace is another', () => {
    const { model, history, norms } = setUp();
    model.apply(frame(1, { 0: 1 }));
    model.apply({ ...frame(1, { 0: 2 }), whole: true });
    expect(norms()).toEqual([[0, 2]]);
    expect(history.newest).toBe(0);
  });
});
