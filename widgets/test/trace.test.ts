import { expect, test, vi } from 'vitest';
import { Builder } from '../demo/builder.js';
import { script } from '../demo/models.js';
import { Graph } from '../src/model/graph.js';
import { findPaused } from '../src/model/paused.js';
import { read } from '../src/model/readings.js';
import { TraceModel } from '../src/model/trace.js';
import { readFrame } from '../src/protocol/frame.js';
import { graphOf, modelOf, rowOf } from './helpers.js';

const apply = (
  model: TraceModel,
  { header, buffer }: ReturnType<Builder['frames']>[number],
): void => model.apply(readFrame(header, new DataView(buffer)));

test('rows are sorted into their iterations', () => {
  const model = modelOf(script());
  expect([...model.iterations.keys()]).toEqual([0, 1, 2]);
  expect(model.newest).toBe(2);
  for (const iteration of model.iterations.values()) {
    expect(iteration.nodes.count).toBe(12);
    expect(iteration.steps.count).toBe(12);
    expect(iteration.edges.count).toBe(11);
  }
});

test('a frame that came twice changes nothing', () => {
  const model = modelOf(script());
  apply(model, script().frames()[0]!);
  expect(model.iterations.get(2)!.edges.count).toBe(11);
});

test('an iteration that is asked for again is not there twice', () => {
  const builder = script();
  const model = modelOf(builder);
  for (const message of builder.frames({ texts: 99, scopes: 99, shapes: 99, places: 99 }, undefined, false)) apply(model, message); // prettier-ignore
  const again = model.iterations.get(1)!;
  expect([again.nodes.count, again.edges.count, again.steps.count]).toEqual([12, 11, 12]);
});

test('a new trace replaces all', () => {
  const model = modelOf(script());
  const changes: string[] = [];
  model.changed.on(change => changes.push(change));
  apply(model, script('another').frames()[0]!);
  expect(changes[0]).toBe('reset');
  expect(model.texts).toEqual(modelOf(script('another')).texts);
});

test('only a few iterations are kept, and those that are looked at', () => {
  const builder = new Builder();
  for (builder.iteration = 0; builder.iteration < 40; builder.iteration++) {
    const from = builder.tables.nodes.length;
    builder.op('SumBackward0', '', []);
    builder.backward(() => 1, from);
  }
  builder.iteration = 39;
  const model = new TraceModel();
  model.pinned = [3];
  for (const message of builder.frames()) apply(model, message);
  expect([...model.iterations.keys()]).toEqual([3, 36, 37, 38, 39]);
});

test('a node of an earlier iteration is borrowed by the one that used it', () => {
  const builder = new Builder();
  const shared = builder.op('ExpBackward0', '', []);
  builder.iteration = 1;
  builder.op('SumBackward0', '', [shared]);
  const graph = graphOf(builder);
  expect(graph.count).toBe(2);
  expect([...graph.source, ...graph.target]).toEqual([0, 1]);
});

test('a step that was taken back does not count, except in a replay', () => {
  const builder = script();
  const model = modelOf(builder);
  const last = builder.tables.steps.length - 1;
  builder.tables.steps[last]!['edited'] = 2;
  const [message] = builder.frames({ nodes: 99, edges: 99, runs: 99, steps: last, texts: 99, scopes: 99, shapes: 99, places: 99 }); // prettier-ignore
  message!.header.sequence = 2;
  apply(model, message!);
  const iteration = model.iterations.get(2)!;
  expect(iteration.steps.count).toBe(12);
  expect(read(iteration).done).toBe(11);
  expect(read(iteration, 12).done).toBe(11);
  expect(read(iteration, 5).done).toBe(5);
});

test('after a forward without backward the last iteration with gradients is shown', () => {
  const builder = script();
  builder.iteration = 3;
  builder.op('SumBackward0', '', []);
  const model = modelOf(builder);
  expect(model.newest).toBe(3);
  expect(model.latest).toBe(2);
});

test('a forward is shown growing once it takes longer than a moment', () => {
  vi.useFakeTimers();
  const builder = script();
  const model = modelOf(builder);
  model.setState({ status: 'running' });
  vi.runAllTimers();
  builder.iteration = 3;
  const sent = {
    nodes: 36,
    edges: 33,
    steps: 36,
    runs: 3,
    texts: 99,
    scopes: 99,
    shapes: 99,
    places: 99,
  };
  builder.op('SumBackward0', '', []);
  const [message] = builder.frames(sent);
  message!.header.sequence = 2;
  apply(model, message!);
  expect(model.latest).toBe(2);
  let told = 0;
  model.changed.on(() => told++);
  vi.runAllTimers();
  expect(model.latest).toBe(3);
  expect(told).toBe(1);
  vi.useRealTimers();
});

test('the paused node is found by its number, a leaf by its name', () => {
  const model = modelOf(script());
  const graph = new Graph(model, model.iterations.get(2)!);
  const tanh = rowOf(graph, 'Tanh');
  const seq = graph.iteration.nodes.data.seq[tanh]!;
  const stop = (seq: number, name = ''): number =>
    findPaused(graph, { status: 'paused', node: { seq, op: '', scope: [], name } });
  expect(stop(seq)).toBe(tanh);
  expect(stop(2 ** 62 + 2048, 'b1')).toBe(rowOf(graph, 'b1'));
  expect(stop(12345)).toBe(-1);
});

test('in Python code the ring stays at the node that is being run', () => {
  const model = modelOf(script());
  const node = { seq: 4, op: 'Mul', scope: [], name: '' };
  model.setState({ status: 'paused', phase: 'backward', node });
  model.setState({ status: 'running' });
  const inPython = { seq: -1, op: 'Twice.backward', scope: [], name: '' };
  model.setState({ status: 'paused', phase: 'python', node: inPython });
  expect(model.state.node).toEqual(node);
});
