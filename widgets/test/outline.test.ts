import { describe, expect, test } from 'vitest';
import { recurrent, script, transformer } from '../demo/models.js';
import { foldMiddle, foldRepeats } from '../src/model/fold.js';
import { outline, type OutlineOptions } from '../src/model/outline.js';
import { graphOf } from './helpers.js';

const OPTIONS: OutlineOptions = {
  maxBoxes: 60,
  chosen: new Map(),
  unfolded: new Set(),
  focus: new Set(),
};

const graphs = {
  script: graphOf(script()),
  loop: graphOf(recurrent('r', 300)),
  transformer: graphOf(transformer('t', { layers: 12, iterations: 1 })),
  deep: graphOf(transformer('t', { layers: 60, stages: 4, iterations: 1 })),
};

describe.each(Object.entries(graphs))('the outline of %s', (_, graph) => {
  test.each([4, 20, 60, 400, 1e6])('shows each node once, with room for %i boxes', maxBoxes => {
    const made = outline(graph, { ...OPTIONS, maxBoxes });
    const shown = made.boxes.filter(box => box.kind !== 'hull').flatMap(box => [...box.rows]);
    expect([...shown].sort((a, b) => a - b)).toEqual(
      Array.from({ length: graph.count }, (_, n) => n),
    );
    expect(made.owner.every((box, row) => made.boxes[box]!.rows.includes(row))).toBe(true);
  });

  test('keeps to its room', () => {
    expect(outline(graph, OPTIONS).boxes.length).toBeLessThan(90);
  });

  test('has keys that tell boxes apart, and stay the same', () => {
    const keys = outline(graph, OPTIONS).boxes.map(box => box.key);
    expect(new Set(keys).size).toBe(keys.length);
    expect(outline(graph, OPTIONS).boxes.map(box => box.key)).toEqual(keys);
  });

  test('never hides what is looked for', () => {
    for (const row of [0, Math.floor(graph.count / 2), graph.count - 1]) {
      const made = outline(graph, { ...OPTIONS, focus: new Set([row]) });
      expect(made.boxes[made.owner[row]!]!.row).toBe(row);
    }
  });
});

test('scopes are opened and closed as somebody chose', () => {
  const graph = graphs.transformer;
  const chosen = new Map([['transformer.h.5', true], ['lm_head', false]]); // prettier-ignore
  const kinds = new Map(
    outline(graph, { ...OPTIONS, chosen }).boxes.map(box => [box.key, box.kind]),
  );
  expect(kinds.get('s:transformer.h.5')).toBe('hull');
  expect(kinds.get('s:transformer.h.4')).toBe('scope');
  expect(kinds.get('s:lm_head')).toBe('scope');
});

test('of blocks of a kind all are open or none', () => {
  const kinds = outline(graphs.transformer, OPTIONS)
    .boxes.filter(box => /^s:transformer\.h\.\d+$/.test(box.key))
    .map(box => box.kind);
  expect(new Set(kinds)).toEqual(new Set(['scope']));
});

test('a fold opens', () => {
  const folded = outline(graphs.loop, OPTIONS).boxes.find(box => box.kind === 'fold')!;
  const made = outline(graphs.loop, { ...OPTIONS, unfolded: new Set([folded.key]) });
  expect(made.boxes.some(box => box.kind === 'fold')).toBe(false);
});

test('checkpointed blocks are marked, and what is computed again stays closed', () => {
  const graph = graphOf(transformer('t', { layers: 4, iterations: 1, checkpoint: true }));
  const { boxes } = outline(graph, { ...OPTIONS, maxBoxes: 1e6 });
  const regions = new Map(boxes.map(box => [box.key, box.region]));
  expect(regions.get('s:transformer.h.1')).toBe('checkpoint');
  expect(regions.get('s:transformer.h.1.mlp')).toBe('checkpoint');
  expect(regions.get('s:transformer.h.2')).toBe('');
  expect(boxes.find(box => box.key === 's:transformer.recompute')).toMatchObject({
    kind: 'scope',
    region: 'recompute',
  });
  expect(boxes[0]!.children[0]!.title).toBe('NllLoss'); // although that was made later
});

// ------------------------------------------------------------------ folding alone

const letters = (text: string): string[] => text.split(' ');

test.each([
  ['a a a a a a', ['a', 'a×4', 'a']],
  ['x a b a b a b a b a b y', ['x', 'a', 'b', 'abab ab'.replaceAll(' ', '') + '×3', 'a', 'b', 'y']],
  ['a b c d', ['a', 'b', 'c', 'd']],
  ['a a a', ['a', 'a', 'a']],
])('%s folds', (text, wanted) => {
  const units = letters(text);
  const found = foldRepeats(units, units, () => false).map(group =>
    group.times > 1 ? `${group.times === group.units.length ? group.units[0]! : group.units.join('')}×${group.times}` : group.units.join(''),
  ); // prettier-ignore
  expect(found).toEqual(wanted);
});

test('a special repeat stays alone', () => {
  const units = Array.from({ length: 20 }, (_, n) => n);
  const groups = foldRepeats(units, units.map(() => 'same'), unit => unit === 9); // prettier-ignore
  expect(groups.find(group => group.units.includes(9))!.units).toEqual([9]);
  expect(groups.flatMap(group => group.units)).toEqual(units);
});

test('the middle is folded around what is special', () => {
  const groups = Array.from({ length: 100 }, (_, n) => ({ units: [n], times: 1 }));
  const folded = foldMiddle(groups, 12, unit => unit === 50);
  expect(folded.length).toBeLessThanOrEqual(14);
  expect(folded.flatMap(group => group.units)).toEqual(groups.map(group => group.units[0]));
  expect(folded.find(group => group.units.includes(50))!.units).toEqual([50]);
});
