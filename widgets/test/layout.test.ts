import { describe, expect, test } from 'vitest';
import { Builder } from '../demo/builder.js';
import { recurrent, script, siamese, transformer } from '../demo/models.js';
import { layOut, HEAD, UPWARD, type LayoutResult } from '../src/layout/nested.js';
import type { Box } from '../src/model/box.js';
import type { Graph } from '../src/model/graph.js';
import { outline } from '../src/model/outline.js';
import { sizeOf } from '../src/draw/content.js';
import { arrowsOf } from '../src/view/pipeline.js';
import { graphOf } from './helpers.js';

interface Placed {
  boxes: Box[];
  layout: LayoutResult;
  arrows: { source: Int32Array; target: Int32Array };
}

function place(graph: Graph, maxBoxes: number, aspect = 1.4): Placed {
  const { boxes, owner } = outline(graph, {
    maxBoxes,
    chosen: new Map(),
    unfolded: new Set(),
    focus: new Set(),
  });
  const sizes = boxes.map(box => sizeOf(graph, box, true));
  const arrows = arrowsOf(graph, owner, boxes.length);
  const layout = layOut({
    id: 0,
    parent: Int32Array.from(boxes, box => box.parent?.index ?? -1),
    hull: Uint8Array.from(boxes, box => Number(box.kind === 'hull')),
    width: Float64Array.from(sizes, size => size[0]),
    height: Float64Array.from(sizes, size => size[1]),
    order: Float64Array.from(boxes, box => box.order),
    ...arrows,
    aspect,
  });
  for (const box of boxes) {
    [box.x, box.y] = [layout.x[box.index]!, layout.y[box.index]!];
    [box.width, box.height] = [layout.width[box.index]!, layout.height[box.index]!];
  }
  return { boxes, layout, arrows };
}

const graphs = {
  script: graphOf(script()),
  loop: graphOf(recurrent('r', 60)),
  transformer: graphOf(transformer('t', { layers: 6, iterations: 1 })),
};

const cases = Object.entries(graphs).flatMap(([name, graph]) =>
  [10, 60, 1e6].flatMap(most => [0, 1.4].map(aspect => [name, most, aspect, graph] as const)),
);

describe.each(cases)('%s with %i boxes, aspect %d', (_name, most, aspect, graph) => {
  const { boxes, layout, arrows } = place(graph, most, aspect);

  test('boxes lie in their hull, and beside one another', () => {
    for (const hull of boxes.filter(box => box.kind === 'hull')) {
      for (const [n, box] of hull.children.entries()) {
        expect(box.x).toBeGreaterThanOrEqual(hull.x - 0.01);
        expect(box.x + box.width).toBeLessThanOrEqual(hull.x + hull.width + 0.01);
        expect(box.y).toBeGreaterThanOrEqual(hull.y - 0.01);
        expect(box.y + box.height).toBeLessThanOrEqual(hull.y + hull.height + 0.01);
        for (const other of hull.children.slice(0, n)) expect(apart(box, other)).toBe(true);
      }
    }
  });

  test('each arrow runs in one piece from border to border', () => {
    const ways = arrowWays(layout, arrows.source.length);
    for (const [n, pieces] of ways.entries()) {
      const [source, target] = [boxes[arrows.source[n]!]!, boxes[arrows.target[n]!]!];
      const begins = pieces.filter(p => touches(source, p.first));
      const ends = pieces.filter(p => touches(target, p.last));
      expect(begins.length).toBeGreaterThan(0);
      expect(ends.length).toBeGreaterThan(0);
      // Every other piece begins where one of the same arrow ends, or is joined by one.
      for (const piece of pieces.filter(p => !begins.includes(p))) {
        expect(pieces.some(p => piece.points.some(point => near(p.last, point)))).toBe(true);
      }
    }
  });
});

interface Piece {
  first: [number, number];
  last: [number, number];
  points: [number, number][];
}

function arrowWays(layout: LayoutResult, count: number): Piece[][] {
  const ways: Piece[][] = Array.from({ length: count }, () => []);
  for (let piece = 0; piece + 1 < layout.begin.length; piece++) {
    const points: [number, number][] = [];
    for (let k = layout.begin[piece]!; k < layout.begin[piece + 1]!; k += 2) {
      points.push([layout.points[k]!, layout.points[k + 1]!]);
    }
    const found = { points, first: points[0]!, last: points[points.length - 1]! };
    for (let n = layout.from[piece]!; n < layout.from[piece + 1]!; n++) {
      ways[layout.through[n]!]!.push(found);
    }
  }
  return ways;
}

const near = (one: [number, number], two: [number, number]): boolean =>
  Math.abs(one[0] - two[0]) < 0.5 && Math.abs(one[1] - two[1]) < 0.5;

function touches({ x, y, width, height }: Box, [px, py]: [number, number]): boolean {
  return px >= x - 0.5 && px <= x + width + 0.5 && py >= y - 0.5 && py <= y + height + 0.5;
}

function apart(a: Box, b: Box): boolean {
  return (
    a.x + a.width <= b.x + 0.01 || b.x + b.width <= a.x + 0.01 ||
    a.y + a.height <= b.y + 0.01 || b.y + b.height <= a.y + 0.01
  ); // prettier-ignore
}

test('what is used lies below what uses it', () => {
  const { boxes, layout, arrows } = place(graphs.script, 60, 0);
  for (let n = 0; n < arrows.source.length; n++) {
    const [source, target] = [boxes[arrows.source[n]!]!, boxes[arrows.target[n]!]!];
    expect(target.y).toBeGreaterThan(source.y + source.height);
  }
  expect([...layout.flags].every(flag => flag === HEAD)).toBe(true);
});

test('blocks that are alike look alike', () => {
  const { boxes } = place(graphs.transformer, 1e6);
  const offsets = [1, 2, 3].map(n => {
    const hull = boxes.find(box => box.key === `s:transformer.h.${n}`)!;
    return hull.children.map(box => [box.x - hull.x, box.y - hull.y].map(Math.round));
  });
  expect(offsets[1]).toEqual(offsets[0]);
  expect(offsets[2]).toEqual(offsets[0]);
});

test('a tall graph is set in columns where there is width for them', () => {
  const tall = place(graphs.transformer, 1e6, 0).boxes[0]!;
  const wrapped = place(graphs.transformer, 1e6, 1.4).boxes[0]!;
  expect(tall.height / tall.width).toBeGreaterThan(3);
  expect(wrapped.height / wrapped.width).toBeLessThan(2);
});

test('thousands of nodes without modules are laid out, also unfolded', () => {
  const { boxes } = place(graphOf(recurrent('r', 800)), 1e6);
  expect(boxes.length).toBe(4006);
});

test('of two boxes that wait for one another one arrow goes upward', () => {
  const layout = layOut({
    id: 0, parent: Int32Array.of(-1, 0, 0), hull: Uint8Array.of(1, 0, 0),
    width: Float64Array.of(0, 90, 90), height: Float64Array.of(0, 30, 30),
    order: Float64Array.of(2, 2, 1), source: Int32Array.of(1, 2), target: Int32Array.of(2, 1),
    aspect: 1,
  }); // prettier-ignore
  expect([...layout.flags].filter(flag => flag & UPWARD)).toHaveLength(1);
});

test.each(['two layers that take turns', 'a loop'])('%s: all arrows go down', name => {
  const builder = new Builder();
  let last = builder.op('ExpBackward0', 'cell', []);
  for (let n = 0; n < 6; n++) {
    last = builder.op('TanhBackward0', name === 'a loop' ? '' : 'other', [last]);
    last = builder.op('ExpBackward0', 'cell', [last]);
  }
  const { layout } = place(graphOf(builder), 1e6);
  expect([...layout.flags].some(flag => flag & UPWARD)).toBe(false);
});

test.each([false, true])('both uses of one module are drawn downward (apart: %s)', apart => {
  const graph = graphOf(siamese('s', apart));
  const { layout, boxes } = place(graph, 1e6);
  expect([...layout.flags].some(flag => flag & UPWARD)).toBe(false);
  const titles = boxes.filter(box => box.kind === 'hull').map(box => box.title);
  expect(titles.sort().slice(1, 6)).toEqual([
    'encoder',
    'fc1 (1)',
    'fc1 (2)',
    'fc2 (1)',
    'fc2 (2)',
  ]);
});

test('an empty graph has no size', () => {
  const layout = layOut({
    id: 1, parent: Int32Array.of(-1), hull: Uint8Array.of(1), width: Float64Array.of(0),
    height: Float64Array.of(0), order: Float64Array.of(0), source: new Int32Array(0),
    target: new Int32Array(0), aspect: 1,
  }); // prettier-ignore
  expect([layout.width[0], layout.height[0]]).toEqual([0, 0]);
});
