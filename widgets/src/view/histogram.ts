/** A histogram as a small picture; the numbers are in its label. */

import type { Histogram } from '../protocol/messages.js';
import { paint } from '../draw/canvas.js';
import { number } from '../draw/numbers.js';
import { rect, straight, text, type Shape } from '../draw/shapes.js';
import type { Theme } from '../draw/theme.js';
import { h, prepare } from './dom.js';
import { trans } from '../trans.js';

const HEIGHT = 84;
const FOOT = 16;

export function histogramPicture(histogram: Histogram, width: number, theme: Theme): HTMLElement {
  const { counts, edges } = histogram;
  const [low, high] = [edges[0] ?? 0, edges[edges.length - 1] ?? 0];
  const most = counts.reduce((a, b) => Math.max(a, b), 1);
  const label = trans.__(
    'Histogram of the gradient from %1 to %2, %3 bins, the fullest has %4',
    number(low),
    number(high),
    counts.length,
    most,
  );
  const canvas = h('canvas', { class: 'ag-histogram', role: 'img', 'aria-label': label });
  const context = prepare(canvas, width, HEIGHT);
  if (context) paint(context, shapesOf(histogram, width, most, theme));
  return canvas;
}

function shapesOf(
  { counts, edges }: Histogram,
  width: number,
  most: number,
  theme: Theme,
): Shape[] {
  const [low, high] = [edges[0] ?? 0, edges[edges.length - 1] ?? 1];
  const floor = HEIGHT - FOOT;
  const wide = width / Math.max(counts.length, 1);
  const shapes: Shape[] = counts.map((count, n) => {
    const tall = count ? Math.max((count / most) * (floor - 4), 1.5) : 0;
    return rect(n * wide + 0.5, floor - tall, Math.max(wide - 1, 1), tall, 1, theme.accent);
  });
  shapes.push(straight([0, floor + 0.5, width, floor + 0.5], theme.rule, 1));
  shapes.push(text(0, HEIGHT - 3, number(low), 10.5, theme.quiet));
  shapes.push(text(width, HEIGHT - 3, number(high), 10.5, theme.quiet, { anchor: 'end' }));
  if (low < 0 && high > 0) {
    const zero = (-low / (high - low)) * width;
    shapes.push(straight([zero, 0, zero, floor], theme.quiet, 1));
    if (zero > 50 && zero < width - 50) {
      shapes.push(text(zero, HEIGHT - 3, '0', 10.5, theme.quiet, { anchor: 'middle' }));
    }
  }
  return shapes;
}
