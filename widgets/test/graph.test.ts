import { expect, test } from 'vitest';
import { Builder } from '../demo/builder.js';
import { recurrent, script, transformer } from '../demo/models.js';
import { conditionFor, staticTest, targetOf } from '../src/model/breakpoints.js';
import { diff } from '../src/model/diff.js';
import { flow } from '../src/model/flow.js';
import { Graph } from '../src/model/graph.js';
import { outline } from '../src/model/outline.js';
import { EXPLODING, INF, NAN, read, UNREACHED, VANISHING, ZERO } from '../src/model/readings.js';
import { search } from '../src/model/search.js';
import { summarise } from '../src/model/summary.js';
import { graphOf, modelOf, rowOf } from './helpers.js';

const gpt = transformer('t', { layers: 4, iterations: 2 });
const OPTIONS = {
  maxBoxes: 1e6,
  chosen: new Map(),
  unfolded: new Set<string>(),
  focus: new Set<number>(),
};

test('labels drop the suffix, leaves have their names', () => {
  const graph = graphOf(script());
  expect(rowOf(graph, 'LogSoftmax')).toBeGreaterThan(0);
  expect(graph.isLeaf(rowOf(graph, 'w1'))).toBe(true);
  expect(rowOf(graph, 'Clip')).toBeGreaterThan(0);
});

test('a leaf lies in the innermost module that has all its users', () => {
  const graph = graphOf(gpt);
  const bias = rowOf(graph, 'transformer.h.2.mlp.c_fc.bias');
  expect(graph.scopeAt(bias).title).toBe('transformer.h.2.mlp.c_fc');
  const shared = rowOf(graph, 'transformer.wte.weight'); // used by the embedding and the head
  expect(graph.scopeAt(shared).title).toBe('');
});

test('each scope is one stretch of the sorted rows', () => {
  const graph = graphOf(gpt);
  for (const scope of graph.tree.scopes) {
    for (const row of graph.inside(scope)) {
      expect(graph.scopeAt(row).title.startsWith(scope.title)).toBe(true);
    }
  }
  expect(new Set(graph.inside(graph.tree.root)).size).toBe(graph.count);
});

test('blocks in which the same ran have the same signature', () => {
  const graph = graphOf(gpt);
  const signature = (title: string): number => graph.tree.named(title)!.signature;
  expect(signature('transformer.h.0')).toBe(signature('transformer.h.3'));
  expect(signature('transformer.h.0')).not.toBe(signature('transformer.ln_f'));
});

test('a module that is called again after something else has a scope for each call', () => {
  const builder = new Builder();
  let last = builder.op('ExpBackward0', 'net.cell', []);
  for (let n = 0; n < 3; n++) {
    last = builder.op('ExpBackward0', 'net.cell', [last]);
    last = builder.op('TanhBackward0', 'net', [last]);
  }
  builder.op('ExpBackward0', 'net.cell', [last]);
  const graph = graphOf(builder);
  const titles = Array.from({ length: graph.count }, (_, row) => graph.scopeAt(row).title);
  expect(titles).toEqual([
    'net.cell (1)', 'net.cell (1)', 'net', 'net.cell (2)', 'net', 'net.cell (3)', 'net', 'net.cell (4)',
  ]); // prettier-ignore
  expect(graph.scopeAt(3).module).toBe('net.cell');
  expect(staticTest('module:cell')!(graph, 3)).toBe(true);
  const { boxes } = outline(graph, OPTIONS);
  const called = boxes.find(box => box.title === 'cell (1)')!;
  expect(conditionFor(graph, called)).toBe('module:net.cell');
});

test('blocks of a list with something between them stand in the scope around it', () => {
  const builder = new Builder();
  let last = builder.op('ExpBackward0', 'net.inp', []);
  for (let n = 0; n < 3; n++) {
    const inner = builder.op('TanhBackward0', `net.h.${n}.act`, [last]);
    last = builder.op('AddBackward0', 'net', [last, inner]);
  }
  const graph = graphOf(builder);
  expect(graph.tree.named('net.h')).toBeUndefined();
  expect(graph.scopeAt(1).path).toEqual(['net', 'h.0', 'act']);
  expect(staticTest('module:net.h')!(graph, 1)).toBe(true);
});

test('a list of blocks, one after the other, stays a scope', () => {
  expect(graphOf(gpt).tree.named('transformer.h')).toBeDefined();
});

test('what a backward made is in a scope of its own', () => {
  const builder = new Builder();
  const x = builder.op('ExpBackward0', 'net', []);
  builder.run = 0;
  builder.op('MulBackward0', 'net', [x]);
  const graph = graphOf(builder);
  expect(graph.scopeAt(1).path).toEqual(['made by backward 0', 'net']);
});

test('flags say what is remarkable', () => {
  const builder = new Builder();
  const norms = [1, 0, 1e-9, 5e3, NaN, 2];
  for (let n = 0; n < norms.length; n++) builder.op('MulBackward0', '', []);
  builder.backward(id => norms[id]!);
  builder.tables.steps.find(step => step['node'] === 5)!['inf'] = 3;
  builder.op('AddBackward0', '', []);
  const { flag } = read(modelOf(builder).iterations.get(0)!);
  expect([...flag]).toEqual([0, ZERO, VANISHING, EXPLODING, NAN, INF, UNREACHED]);
});

test('a box has the range and the worst of what is in it', () => {
  const graph = graphOf(transformer('t', { layers: 4, nan: 2 }));
  const readings = read(graph.iteration);
  const made = outline(graph, { ...OPTIONS, maxBoxes: 5 });
  const summary = summarise(made.boxes, readings);
  expect(summary.flag[made.root.index]).toBe(NAN);
  const norms = [...readings.norm].filter(norm => !Number.isNaN(norm));
  expect(summary.high[made.root.index]).toBe(Math.max(...norms));
  expect(summary.low[made.root.index]).toBe(Math.min(...norms));
});

test.each([
  ['softmax', 5],
  ['op:softmax', 4],
  ['op:*softmax', 5],
  ['module:h.2', 45], // a block's 57 nodes without its 12 parameters
  ['module:transformer.h.2.attn op:Transpose', 5],
  ['name:*.c_fc.bias', 4],
  ['line:68', 4],
  ['model.py:68', 4],
  ['masked_fill', 4],
  ['nothing of the kind', 0],
  ['', 0],
])('a search for %s finds %i', (query, count) => {
  expect(search(graphOf(gpt), query)).toHaveLength(count);
});

test('what is found comes in the order of the backward', () => {
  const graph = graphOf(gpt);
  const found = search(graph, 'op:Softmax').map(row => graph.scopeAt(row).title);
  expect(found).toEqual([3, 2, 1, 0].map(n => `transformer.h.${n}.attn`));
});

test('the condition of a box holds for what it shows', () => {
  const graph = graphOf(gpt);
  for (const box of outline(graph, OPTIONS).boxes.slice(1)) {
    const condition = conditionFor(graph, box)!;
    const test = staticTest(condition)!;
    const rows = [...box.rows].filter(row => box.row >= 0 || !graph.isLeaf(row));
    expect(rows.every(row => test(graph, row))).toBe(true);
  }
});

test.each([
  'nan',
  'norm > 1e3',
  'op:Mul or op:Add',
  'not op:Mul',
  'py: grad.max() > 3',
  'op:Mul and nan',
])('%s depends on more than the node', text => {
  expect(staticTest(text)).toBeNull();
});

test('conditions name cell and line, and quote what has spaces', () => {
  const graph = graphOf(script());
  const boxes = outline(graph, OPTIONS).boxes;
  const tanh = boxes.find(box => box.title === 'Tanh')!;
  expect(conditionFor(graph, tanh)).toBe('op:Tanh and cell:3:2');
  expect(targetOf(graph, tanh)).toMatch(/^#\d+$/);
  const leaf = boxes.find(box => box.title === 'w2')!;
  expect(targetOf(graph, leaf)).toBe('name:w2');
  const builder = new Builder();
  builder.leaf('my weight', [1]);
  const odd = graphOf(builder);
  expect(conditionFor(odd, outline(odd, OPTIONS).boxes[1]!)).toBe('name:"my weight"');
});

test('flow runs from the input to the loss, with the iteration before as ghost', () => {
  const model = modelOf(script());
  const [before, now] = [1, 2].map(n => new Graph(model, model.iterations.get(n)!));
  const ghost = flow(before!, read(before!.iteration), 'parameter');
  const stops = flow(now!, read(now!.iteration), 'parameter', ghost);
  expect(stops.map(stop => stop.name)).toEqual(['w1', 'b1', 'w2', 'b2']);
  expect(stops[0]!.before).toBe(ghost[0]!.norm);
  expect(stops[0]!.rms).toBeCloseTo(stops[0]!.norm / 128);
});

test('flow by module puts norms of a module together', () => {
  const graph = graphOf(gpt);
  const readings = read(graph.iteration);
  const stops = flow(graph, readings, 'module');
  const stop = stops.find(one => one.name === 'transformer.h.1.mlp.act')!;
  const squares = stop.rows.map(row => readings.norm[row]! ** 2).reduce((a, b) => a + b);
  expect(stop.norm).toBeCloseTo(Math.sqrt(squares));
});

test('two iterations are compared node by node', () => {
  const model = modelOf(script());
  const [one, two] = [0, 2].map(n => new Graph(model, model.iterations.get(n)!));
  const found = diff(two!, read(two!.iteration), one!, read(one!.iteration));
  expect(found.added).toEqual([]);
  expect(found.removed).toBe(0);
  const tanh = rowOf(two!, 'Tanh');
  const before = read(one!.iteration).norm[rowOf(one!, 'Tanh')]!;
  const now = read(two!.iteration).norm[tanh]!;
  expect(found.other[tanh]).toBe(before);
  expect(found.change[tanh]).toBeCloseTo(Math.log10(now / before));
});

test('a node without counterpart is said to be new', () => {
  const builder = script();
  builder.iteration = 3;
  builder.op('CosBackward0', '', []);
  const model = modelOf(builder);
  const [one, two] = [2, 3].map(n => new Graph(model, model.iterations.get(n)!));
  const found = diff(two!, read(two!.iteration), one!, read(one!.iteration));
  expect(found.added).toEqual([0]);
  expect(found.removed).toBe(12);
});

test('a long loop is folded, and its ends are shown', () => {
  const graph = graphOf(recurrent('r', 100));
  const made = outline(graph, { ...OPTIONS, maxBoxes: 60 });
  const fold = made.boxes.find(box => box.kind === 'fold')!;
  expect(fold.times).toBe(98);
  expect(fold.title).toBe('Tanh · Add · Add · Mm …  ×98');
  expect(made.boxes.length).toBeLessThan(20);
});
