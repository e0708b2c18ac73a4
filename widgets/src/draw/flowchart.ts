/** The gradient-flow chart as shapes: x is the network from input to loss, y the norm, log. */

import type { Stop } from '../model/flow.js';
import { FLAGS, UNREACHED } from '../model/readings.js';
import { VERMILION } from './colour.js';
import { fitEnd, textWidth } from './fonts.js';
import { circle, glyph, rect, straight, text, type Shape } from './shapes.js';
import type { Theme } from './theme.js';

const LEFT = 46;
const RIGHT = 14;
const TOP = 10;
const FOOT = 26;
/** Names of points get so much room. */
const NAME_ROOM = 118;

export interface Chart {
  shapes: Shape[];
  /** Middle of each point. */
  x: number[];
  y: number[];
}

export interface ChartInput {
  stops: readonly Stop[];
  width: number;
  height: number;
  theme: Theme;
  /** The stop where backward is now; -1 for none. */
  now: number;
  /** The stop that is pointed at; -1 for none. */
  pointed: number;
}

export function flowChart({ stops, width, height, theme, now, pointed }: ChartInput): Chart {
  const plot = { left: LEFT, top: TOP, right: width - RIGHT, bottom: height - FOOT };
  const step = (plot.right - plot.left) / Math.max(stops.length, 1);
  const [low, high] = decades(stops);
  const yOf = (norm: number): number => {
    const at = norm > 0 ? (Math.log10(norm) - low) / (high - low) : 0;
    return plot.bottom - Math.min(Math.max(at, 0), 1) * (plot.bottom - plot.top);
  };
  const x = stops.map((_, n) => plot.left + step * (n + 0.5));
  const y = stops.map(stop => placeOf(stop, yOf, plot));
  const shapes: Shape[] = [
    rect(plot.left, plot.top, plot.right - plot.left, plot.bottom - plot.top, 4, theme.hull),
  ];
  shapes.push(...grid(low, high, yOf, plot, theme));
  if (now >= 0) shapes.push(rect(x[now]! - 1, plot.top, 2, plot.bottom - plot.top, 0, VERMILION));
  shapes.push(...curve(x, stops.map(s => s.before), yOf, theme.edge, 1.4)); // prettier-ignore
  shapes.push(...curve(x, stops.map(s => (s.flag === UNREACHED ? NaN : s.norm)), yOf, theme.accent, 2)); // prettier-ignore
  for (const [n, stop] of stops.entries()) {
    shapes.push(...point(stop, x[n]!, y[n]!, step, theme, n === pointed));
  }
  shapes.push(...names(stops, x, step, plot.bottom, theme));
  return { shapes, x, y };
}

/** Whole decades around all that is drawn, at least three. */
function decades(stops: readonly Stop[]): [number, number] {
  const values = stops.flatMap(s => [s.norm, s.before]).filter(v => v > 0 && v < Infinity);
  if (!values.length) return [-3, 0];
  let low = Math.floor(Math.log10(values.reduce((a, b) => Math.min(a, b))));
  let high = Math.ceil(Math.log10(values.reduce((a, b) => Math.max(a, b))));
  low = Math.max(low, high - 30);
  while (high - low < 3) [low, high] = (high - low) % 2 ? [low - 1, high] : [low, high + 1];
  return [low, high];
}

interface Plot {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Zero lies at the floor, what is not finite at the ceiling. */
function placeOf(stop: Stop, yOf: (norm: number) => number, plot: Plot): number {
  const flag = FLAGS[stop.flag]!;
  if (flag === 'nan' || flag === 'inf') return plot.top + 8;
  if (flag === 'zero' || flag === 'unreached') return plot.bottom - 7;
  return yOf(stop.norm);
}

function grid(
  low: number,
  high: number,
  yOf: (n: number) => number,
  plot: Plot,
  theme: Theme,
): Shape[] {
  const shapes: Shape[] = [];
  const room = Math.max(Math.floor((plot.bottom - plot.top) / 16), 2);
  const every = Math.max(1, Math.ceil((high - low) / room));
  for (let decade = low; decade <= high; decade += every) {
    const y = yOf(10 ** decade);
    if (decade > low && decade < high) shapes.push(straight([plot.left, y, plot.right, y], theme.rule, 0.8)); // prettier-ignore
    const word = decade ? `1e${decade}` : '1';
    shapes.push(text(plot.left - 6, y + 3.5, word, 10.5, theme.quiet, { anchor: 'end' }));
  }
  return shapes;
}

function curve(
  x: readonly number[],
  norms: readonly number[],
  yOf: (norm: number) => number,
  colour: string,
  line: number,
): Shape[] {
  const shapes: Shape[] = [];
  let points: number[] = [];
  const flush = (): void => {
    if (points.length > 2) shapes.push(straight(points, colour, line));
    points = [];
  };
  for (const [n, norm] of norms.entries()) {
    if (norm > 0 && norm < Infinity) points.push(x[n]!, yOf(norm));
    else flush();
  }
  flush();
  return shapes;
}

function point(
  stop: Stop,
  x: number,
  y: number,
  step: number,
  theme: Theme,
  pointed: boolean,
): Shape[] {
  const flag = FLAGS[stop.flag]!;
  if (flag === 'unreached') return [];
  if (flag === 'nan' || flag === 'inf') return glyph(flag, x, y, 10, VERMILION);
  if (flag === 'zero') return glyph(flag, x, y, 9, theme.text);
  if (pointed) return [circle(x, y, 5.5, theme.accent, theme.page, 2)];
  return step < 5 ? [] : [circle(x, y, step < 10 ? 2 : 3, theme.accent)];
}

/** As many names as there is room for; the others show when pointed at. */
function names(
  stops: readonly Stop[],
  x: readonly number[],
  step: number,
  bottom: number,
  theme: Theme,
): Shape[] {
  const shapes: Shape[] = [];
  const longest = stops.length < 200 ? Math.max(...stops.map(s => textWidth(s.name, 10.5)), 20) : Infinity; // prettier-ignore
  const room = Math.min(longest, Math.max(step * 1.8, NAME_ROOM));
  const every = Math.max(1, Math.ceil((room + 12) / step));
  const end = (x[x.length - 1] ?? 0) + step / 2 + RIGHT;
  for (let n = Math.floor(every / 2); n < stops.length; n += every) {
    if (x[n]! + room / 2 > end && n > every) break;
    const name = fitEnd(stops[n]!.name, room, 10.5);
    shapes.push(straight([x[n]!, bottom, x[n]!, bottom + 4], theme.quiet, 1));
    shapes.push(text(x[n]!, bottom + 16, name, 10.5, theme.quiet, { anchor: 'middle' }));
  }
  return shapes;
}
