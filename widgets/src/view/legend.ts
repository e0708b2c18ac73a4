/** What colours and signs mean; always shown. */

import { CHANGE, diverging, HIGH, LOW, position, VERMILION, viridis } from '../draw/colour.js';
import { paint } from '../draw/canvas.js';
import { WORDS } from '../draw/content.js';
import { textWidth } from '../draw/fonts.js';
import { number } from '../draw/numbers.js';
import { glyph, rect, straight, text, type Shape } from '../draw/shapes.js';
import type { Theme } from '../draw/theme.js';
import { fill, h, prepare } from './dom.js';
import { trans } from '../trans.js';

export const LEGEND_HEIGHT = 34;
/** Of what has no numbers below it. */
const LOW_HEIGHT = 20;
const BAR = 112;
/** Where the bar begins, unless the word before it is long. */
const LEFT = 72;
const SIZE = 10.5;

/** A part of the legend, from its upper left corner; how wide it is depends on the language. */
interface Part {
  shapes: Shape[];
  width: number;
  height: number;
}

export class Legend {
  readonly element = h('div', { class: 'ag-legend', role: 'img' });
  private shown = '';

  show(theme: Theme, comparing: boolean): void {
    const key = `${theme.dark} ${comparing} ${window.devicePixelRatio} ${viridis(0)}`;
    if (key === this.shown) return;
    this.shown = key;
    this.element.setAttribute('aria-label', inWords(comparing));
    fill(this.element, ...partsOf(theme, comparing).map(picture));
  }
}

function inWords(comparing: boolean): string {
  const scale = comparing
    ? trans.__(
        'Legend: blue is a smaller gradient than in the other iteration, orange a larger one.',
      )
    : trans.__(
        "Legend: colour is the gradient's L2 norm on a log scale, from %1 dark to %2 bright; grey is not reached.",
        number(LOW),
        number(HIGH),
      );
  const words = Object.values(WORDS).map(word => trans.__(word));
  return `${scale} ${trans.__('Signs: %1.', words.join(', '))}`;
}

function picture({ shapes, width, height }: Part): HTMLCanvasElement {
  const canvas = h('canvas');
  const context = prepare(canvas, Math.ceil(width), height);
  if (context) paint(context, shapes);
  return canvas;
}

/** The whole legend in one row, from its upper left corner. */
export function legendPart(theme: Theme, comparing: boolean): Part {
  const shapes: Shape[] = [];
  let width = 0;
  for (const part of partsOf(theme, comparing)) {
    shapes.push(...moved(part.shapes, width, 0));
    width += part.width;
  }
  return { shapes, width, height: LEGEND_HEIGHT };
}

/** What stays together where there is no room for all of it in one row. */
function partsOf(theme: Theme, comparing: boolean): Part[] {
  const signs = Object.entries(WORDS).map(([flag, word]) => signPart(theme, flag, trans.__(word)));
  return [scalePart(theme, comparing), unreachedPart(theme, comparing), ...signs];
}

function scalePart(theme: Theme, comparing: boolean): Part {
  const title = comparing ? trans.__('change') : trans.__('‖gradient‖');
  const left = Math.max(LEFT, textWidth(title, SIZE) + 12);
  const scale = comparing ? changeScale(theme, left) : normScale(theme, left);
  const shapes = [text(0, 15, title, SIZE, theme.quiet), ...scale];
  return { shapes, width: left + BAR + 16, height: LEGEND_HEIGHT };
}

function unreachedPart(theme: Theme, comparing: boolean): Part {
  const word = comparing ? trans.__('none') : trans.__('not yet');
  const shapes = [
    rect(0, 6, 14, 10, 3, theme.neutral, theme.neutralEdge),
    text(19, 15, word, SIZE, theme.quiet),
  ];
  return { shapes, width: 19 + textWidth(word, SIZE) + 12, height: LOW_HEIGHT };
}

function signPart(theme: Theme, flag: string, word: string): Part {
  const ink = flag === 'nan' || flag === 'inf' ? VERMILION : theme.quiet;
  const shapes = [...glyph(flag, 7, 11, 9, ink), text(17, 15, word, SIZE, theme.quiet)];
  return { shapes, width: 17 + textWidth(word, SIZE) + 11, height: LOW_HEIGHT };
}

function normScale(theme: Theme, left: number): Shape[] {
  const shapes = bar(left, viridis);
  for (const norm of [LOW, 1e-4, 1, HIGH]) {
    shapes.push(...tick(theme, left + position(norm) * BAR, number(norm)));
  }
  return shapes;
}

function changeScale(theme: Theme, left: number): Shape[] {
  const shapes = bar(left, at => diverging((2 * at - 1) * CHANGE));
  for (const [at, word] of [
    [0, '÷1000'],
    [0.5, trans.__('same')],
    [1, '×1000'],
  ] as const) {
    shapes.push(...tick(theme, left + at * BAR, word));
  }
  return shapes;
}

/** Fifty stripes of colour; `colour` gets how far along the bar they are, 0 to 1. */
function bar(left: number, colour: (at: number) => string): Shape[] {
  return Array.from({ length: 50 }, (_, n) =>
    rect(left + (n * BAR) / 50, 6, BAR / 50 + 0.6, 10, 0, colour((n + 0.5) / 50)),
  );
}

function tick(theme: Theme, x: number, word: string): Shape[] {
  return [
    straight([x, 17, x, 20], theme.quiet, 1),
    text(x, 31, word, 10, theme.quiet, { anchor: 'middle' }),
  ];
}

/** The same shapes somewhere else. */
export function moved(shapes: Shape[], dx: number, dy: number): Shape[] {
  return shapes.map(shape => {
    if (!('points' in shape)) return { ...shape, x: shape.x + dx, y: shape.y + dy };
    const points = Array.from(shape.points, (value, n) => value + (n % 2 ? dy : dx));
    return { ...shape, points };
  });
}
