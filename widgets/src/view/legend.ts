/** What colours and signs mean; always shown. */

import { CHANGE, diverging, HIGH, LOW, position, VERMILION, viridis } from '../draw/colour.js';
import { paint } from '../draw/canvas.js';
import { WORDS } from '../draw/content.js';
import { textWidth } from '../draw/fonts.js';
import { number } from '../draw/numbers.js';
import { glyph, rect, straight, text, type Shape } from '../draw/shapes.js';
import type { Theme } from '../draw/theme.js';
import { h, prepare, setAttributes } from './dom.js';

const HEIGHT = 34;
const SCALE_WIDTH = 262;
const SIGNS_WIDTH = 312;
export const LEGEND_WIDTH = SCALE_WIDTH + SIGNS_WIDTH;
export const LEGEND_HEIGHT = HEIGHT;
const BAR = 112;
const LEFT = 72;

export class Legend {
  readonly element: HTMLElement;
  private readonly scale = h('canvas', { role: 'img' });
  private readonly signs = h('canvas', { role: 'img' });
  private shown = '';

  constructor() {
    this.element = h('div', { class: 'ag-legend' }, this.scale, this.signs);
  }

  show(theme: Theme, comparing: boolean): void {
    const key = `${theme.dark} ${comparing} ${window.devicePixelRatio} ${viridis(0)}`;
    if (key === this.shown) return;
    this.shown = key;
    const label = comparing
      ? 'Legend: blue is a smaller gradient than in the other iteration, orange a larger one.'
      : `Legend: colour is the gradient's L2 norm on a log scale, from ${number(LOW)} dark to ` +
        `${number(HIGH)} bright; grey is not reached.`;
    setAttributes(this.scale, { 'aria-label': label });
    setAttributes(this.signs, { 'aria-label': `Signs: ${Object.values(WORDS).join(', ')}.` });
    const scale = prepare(this.scale, SCALE_WIDTH, HEIGHT);
    if (scale) paint(scale, scaleShapes(theme, comparing));
    const signs = prepare(this.signs, SIGNS_WIDTH, HEIGHT);
    if (signs) paint(signs, signShapes(theme, 0));
  }
}

/** The whole legend as shapes, from its upper left corner. */
export function legendShapes(theme: Theme, comparing: boolean): Shape[] {
  return [...scaleShapes(theme, comparing), ...signShapes(theme, SCALE_WIDTH)];
}

function scaleShapes(theme: Theme, comparing: boolean): Shape[] {
  const at = LEFT + BAR + 16;
  return [
    ...(comparing ? changeScale(theme) : normScale(theme)),
    rect(at, 6, 14, 10, 3, theme.neutral, theme.neutralEdge),
    text(at + 19, 15, comparing ? 'none' : 'not yet', 10.5, theme.quiet),
  ];
}

function signShapes(theme: Theme, left: number): Shape[] {
  const shapes: Shape[] = [];
  let x = left;
  for (const [flag, word] of Object.entries(WORDS)) {
    const ink = flag === 'nan' || flag === 'inf' ? VERMILION : theme.quiet;
    shapes.push(...glyph(flag, x + 7, 11, 9, ink), text(x + 17, 15, word, 10.5, theme.quiet));
    x += 17 + textWidth(word, 10.5) + 11;
  }
  return shapes;
}

function normScale(theme: Theme): Shape[] {
  const shapes: Shape[] = [text(0, 15, '‖gradient‖', 10.5, theme.quiet)];
  for (let n = 0; n < 50; n++) {
    shapes.push(rect(LEFT + (n * BAR) / 50, 6, BAR / 50 + 0.6, 10, 0, viridis((n + 0.5) / 50)));
  }
  for (const norm of [LOW, 1e-4, 1, HIGH]) tick(shapes, theme, position(norm), number(norm));
  return shapes;
}

function changeScale(theme: Theme): Shape[] {
  const shapes: Shape[] = [text(0, 15, 'change', 10.5, theme.quiet)];
  for (let n = 0; n < 50; n++) {
    const fill = diverging(((n + 0.5) / 25 - 1) * CHANGE);
    shapes.push(rect(LEFT + (n * BAR) / 50, 6, BAR / 50 + 0.6, 10, 0, fill));
  }
  for (const [at, word] of [[0, '÷1000'], [0.5, 'same'], [1, '×1000']] as const) tick(shapes, theme, at, word); // prettier-ignore
  return shapes;
}

function tick(shapes: Shape[], theme: Theme, at: number, word: string): void {
  const x = LEFT + at * BAR;
  shapes.push(straight([x, 17, x, 20], theme.quiet, 1));
  shapes.push(text(x, 31, word, 10, theme.quiet, { anchor: 'middle' }));
}
