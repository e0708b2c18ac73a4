/** Shapes onto a canvas. */

import { font } from './fonts.js';
import type { Line, Shape } from './shapes.js';

export type Context = CanvasRenderingContext2D;

/** Text smaller than this many pixels is not worth its time. */
const READABLE = 4.2;

/** Paint shapes; `scale` is how many pixels a unit has, to leave out what nobody could read. */
export function paint(context: Context, shapes: readonly Shape[], scale = 1): void {
  for (const shape of shapes) paintShape(context, shape, scale);
}

function paintShape(context: Context, shape: Shape, scale: number): void {
  if (shape.kind === 'text') {
    if (shape.size * scale < READABLE) return;
    context.font = font(shape.size, shape.bold, shape.mono);
    context.textAlign = shape.anchor === 'middle' ? 'center' : shape.anchor;
    context.fillStyle = shape.fill;
    if (shape.opacity < 1) context.globalAlpha *= shape.opacity;
    context.fillText(shape.text, shape.x, shape.y);
    if (shape.opacity < 1) context.globalAlpha /= shape.opacity;
    return;
  }
  context.beginPath();
  if (shape.kind === 'line') {
    traceLine(context, shape);
    stroke(context, shape.stroke, shape.line, shape.dash === true);
    return;
  }
  if (shape.kind === 'rect') {
    const { x, y, width, height, radius } = shape;
    if (radius * scale < 0.8) context.rect(x, y, width, height);
    else context.roundRect(x, y, width, height, Math.min(radius, width / 2, height / 2));
  } else {
    const { points } = shape;
    context.moveTo(points[0]!, points[1]!);
    for (let n = 2; n < points.length; n += 2) context.lineTo(points[n]!, points[n + 1]!);
    context.closePath();
  }
  if (shape.fill) {
    context.fillStyle = shape.fill;
    context.fill();
  }
  if (shape.stroke) {
    stroke(context, shape.stroke, shape.line, shape.kind === 'rect' && shape.dash === true);
  }
}

function stroke(context: Context, colour: string, line: number, dash: boolean): void {
  context.strokeStyle = colour;
  context.lineWidth = line;
  if (dash) context.setLineDash([6, 4]);
  context.stroke();
  if (dash) context.setLineDash([]);
}

function traceLine(context: Context, { points, smooth }: Line): void {
  context.moveTo(points[0]!, points[1]!);
  for (let n = 2; n < points.length; n += 2) {
    const [x0, y0, x1, y1] = [points[n - 2]!, points[n - 1]!, points[n]!, points[n + 1]!];
    if (!smooth || isStraight(x0, y0, x1, y1)) {
      context.lineTo(x1, y1);
    } else {
      const middle = (y0 + y1) / 2;
      context.bezierCurveTo(x0, middle, x1, middle, x1, y1);
    }
  }
}

export function isStraight(x0: number, y0: number, x1: number, y1: number): boolean {
  return Math.abs(x1 - x0) < 0.01 || Math.abs(y1 - y0) < 0.01;
}
