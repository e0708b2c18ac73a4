import { expect, test } from 'vitest';
import { Builder } from '../demo/builder.js';
import { hostile, siamese, transformer } from '../demo/models.js';
import { contrast, diverging, inkOn, position, shade, viridis } from '../src/draw/colour.js';
import {
  arrowLook, PAUSE_FILL, pauseShapes, pieceShapes, weakestFirst,
} from '../src/draw/art.js'; // prettier-ignore
import { fit, fitEnd, textWidth, wrap } from '../src/draw/fonts.js';
import { flowChart } from '../src/draw/flowchart.js';
import { bytes, number, ratio, seconds, shorten } from '../src/draw/numbers.js';
import { escape, svg } from '../src/draw/svg.js';
import { DARK, LIGHT } from '../src/draw/theme.js';
import { visibleIn } from '../src/draw/visible.js';
import { flow } from '../src/model/flow.js';
import { count } from '../src/model/words.js';
import { pictureOf } from '../src/view/export.js';
import { page } from '../src/view/page.js';
import { sceneIn, sceneOf } from './scenes.js';
import { TraceModel } from '../src/model/trace.js';
import { readFrame } from '../src/protocol/frame.js';

test.each([
  [0, '0'], [0.43, '0.43'], [1, '1'], [5.5065, '5.51'], [998.7, '999'], [1234, '1234'],
  [3.2e5, '3.2e5'], [1e-7, '1e-7'], [-0.0012, '-0.0012'], [NaN, 'NaN'], [-Infinity, '-Inf'],
])('%d reads %s', (value, says) => {
  expect(number(value)).toBe(says);
}); // prettier-ignore

test('other quantities read well', () => {
  expect(count(1234567)).toBe('1,234,567');
  expect([ratio(1), ratio(-2), ratio(0)]).toEqual(['×10', '÷100', '= same']);
  expect([1, 12, 65536].map(bytes)).toEqual(['1 byte', '12 bytes', '64.0 KiB']);
  expect([seconds(2), seconds(0.012), seconds(3e-6)]).toEqual(['2.00 s', '12.0 ms', '3.00 µs']);
});

test('text is cut at characters, not in the middle of one', () => {
  expect(shorten('🔥🔥🔥🔥', 3)).toBe('🔥🔥…');
  expect(fit('🔥'.repeat(50), 100, 12)).toMatch(/^(🔥)+…$/u);
  expect(fitEnd('transformer.h.0.weight', 60, 10)).toMatch(/^….*weight$/);
});

test('text is broken into lines that fit', () => {
  const words = 'paused: breakpoint 1: norm > 1e3 (norm 3.2e5)';
  const lines = wrap(words, 120, 12, 9);
  expect(lines.length).toBeGreaterThan(2);
  expect(lines.join(' ')).toBe(words);
  expect(lines.every(line => textWidth(line, 12) <= 120)).toBe(true);
  expect(wrap(words, 120, 12, 2)).toEqual([lines[0], expect.stringMatching(/…$/)]);
  expect(wrap('x'.repeat(90), 120, 12, 2)).toEqual([expect.stringMatching(/^x+…$/)]);
});

test.each([250, 1280])('the words of a pause are all seen in a panel of %i pixels', width => {
  const box = sceneOf(siamese('s')).outline.boxes.at(-1)!;
  const words = 'paused: breakpoint 1: norm > 1e3 (norm 3.2e5)';
  for (const scale of [0.6, 1]) {
    for (const at of [0.05, 0.5, 0.95]) {
      const left = box.x + box.width / 2 - (at * width) / scale;
      const room = { left, right: left + width / scale, top: box.y - 10, scale };
      const shapes = pauseShapes(box, words, room);
      const patch = shapes.find(shape => shape.kind === 'rect' && shape.fill === PAUSE_FILL)!;
      if (patch.kind !== 'rect') throw new Error('it is no rectangle');
      expect(patch.x).toBeGreaterThanOrEqual(room.left - 1e-6);
      expect(patch.x + patch.width).toBeLessThanOrEqual(room.right + 1e-6);
      expect(patch.y).toBeGreaterThanOrEqual(room.top);
      const said = shapes.filter(shape => shape.kind === 'text');
      expect(said.map(shape => shape.text).join(' ')).toBe(words);
      expect(said.every(shape => shape.size * scale >= 12)).toBe(true);
    }
  }
});

test('bundled arrows look like the strongest that was reached, and lie on top', () => {
  const model = new TraceModel();
  const builder = new Builder();
  const below = Array.from({ length: 12 }, () => builder.op('ExpBackward0', 'below', []));
  for (const one of below) builder.op('TanhBackward0', 'above', [one]);
  builder.backward(id => 10 ** -(id % 5));
  for (const { header, buffer } of builder.frames({}, 18)) {
    model.apply(readFrame(header, new DataView(buffer)));
  }
  const scene = sceneIn(model, 300);
  const { layout, arrows, outline, theme } = scene;
  const looks = Array.from(layout.flags, (_, piece) =>
    Array.from(layout.through.slice(layout.from[piece], layout.from[piece + 1]), pair =>
      arrowLook(scene, outline.boxes[arrows.target[pair]!]!),
    ),
  );
  const isGrey = (look: { colour: string }): boolean => look.colour === theme.edge;
  const mixed = [...looks.keys()].filter(n => looks[n]!.some(isGrey) && !looks[n]!.every(isGrey));
  expect(mixed.length).toBeGreaterThan(0);
  for (const piece of mixed) {
    const [line] = pieceShapes(scene, piece);
    const widest = Math.max(...looks[piece]!.filter(look => !isGrey(look)).map(look => look.width));
    expect(line).toMatchObject({ kind: 'line', line: widest });
  }
  const order = weakestFirst(scene, [...looks.keys()]);
  const grey = order.map(piece => looks[piece]!.every(isGrey));
  expect(grey.lastIndexOf(true)).toBe(grey.filter(Boolean).length - 1);
  expect(grey).toContain(false);
});

test('the scale is the same for every run', () => {
  expect([position(1e-8), position(1e4), position(1e-2)]).toEqual([0, 1, 0.5]);
  expect([viridis(0), viridis(1)]).toEqual(['#440154', '#fde725']);
});

test('text is readable on every colour', () => {
  for (let n = 0; n <= 200; n++) {
    for (const fill of [viridis(n / 200), diverging((n - 100) / 33)]) {
      expect(contrast(inkOn(fill), fill)).toBeGreaterThanOrEqual(4.5);
    }
  }
  for (const theme of [LIGHT, DARK]) {
    for (const [text, on] of [
      [theme.text, theme.page], [theme.quiet, theme.page], [theme.text, theme.neutral],
      [theme.text, theme.hull], [theme.quiet, theme.hullInner], [theme.alarmText, theme.alarm],
    ] as const) expect(contrast(text, on)).toBeGreaterThanOrEqual(4.5); // prettier-ignore
  }
  expect(contrast('#ffffff', PAUSE_FILL)).toBeGreaterThanOrEqual(4.5);
  expect(contrast(shade('#808080'), '#000000')).toBeLessThan(contrast('#808080', '#000000'));
});

test('user text is text in SVG and HTML', () => {
  expect(escape('<img onerror="x">&\u0000')).toBe('&lt;img onerror=&quot;x&quot;&gt;&amp;\ufffd');
  expect(escape('\ud800 🔥')).toBe('\ufffd 🔥');
  const scene = sceneOf(hostile());
  const picture = pictureOf(scene);
  for (const text of [svg(picture), page(picture, scene.theme)]) {
    expect(text).not.toMatch(/<img|<\/script><script|onerror="|onload='/);
    expect(text).toContain('&lt;img');
  }
  expect(page(picture, scene.theme)).toContain("default-src 'none'");
});

test('an exported picture has every box, and the legend', () => {
  const scene = sceneOf(transformer('t', { layers: 2, iterations: 1 }));
  const picture = pictureOf(scene);
  const tooltips = picture.parts.filter(part => part.tooltip !== undefined);
  expect(tooltips).toHaveLength(scene.outline.boxes.filter(box => box.kind !== 'hull').length);
  expect(svg(picture)).toContain('‖gradient‖');
});

test('never more is drawn than a screen can show', () => {
  const scene = sceneOf(transformer('t', { layers: 60, iterations: 1 }), 1e6);
  expect(scene.outline.boxes.length).toBeGreaterThan(3500);
  const { width, height } = scene.outline.root;
  for (const scale of [0.02, 0.05, 0.1, 0.2, 0.5, 1]) {
    const window = { left: 0, top: 0, right: 1280 / scale, bottom: 760 / scale, scale };
    const { hulls, distant, boxes, pieces } = visibleIn(scene, window);
    const all = hulls.length + distant.length + boxes.length + pieces.length;
    expect(all).toBeGreaterThan(0);
    expect(all).toBeLessThanOrEqual(1700);
  }
  const beside = { left: width + 10, top: 0, right: width + 20, bottom: height, scale: 1 };
  expect(visibleIn(scene, beside).boxes).toEqual([]);
});

test('what is not finite has a sign in the flow chart, and no place on the curve', () => {
  const builder = transformer('t', { layers: 2, iterations: 1, nan: 1 });
  const { graph, readings, theme } = sceneOf(builder);
  const stops = flow(graph, readings, 'parameter');
  const chart = flowChart({ stops, width: 800, height: 140, theme, now: -1, pointed: -1 });
  const bad = stops.findIndex(stop => Number.isNaN(stop.norm));
  expect(bad).toBeGreaterThan(0);
  expect(chart.y[bad]).toBeLessThan(20);
  const points = chart.shapes.flatMap(shape => ('points' in shape ? Array.from(shape.points) : []));
  expect(points.every(Number.isFinite)).toBe(true);
});
