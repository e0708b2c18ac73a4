/** Shapes as SVG text.  User text is escaped, and what XML does not allow is replaced. */

import { isStraight } from './canvas.js';
import { MONO, SANS } from './fonts.js';
import type { Line, Shape, Text } from './shapes.js';

/** A picture of a size, with shapes from top left on. */
export interface Picture {
  title: string;
  width: number;
  height: number;
  page: string;
  parts: readonly PicturePart[];
}

/** Shapes that belong to one thing, with what is known of it. */
export interface PicturePart {
  shapes: readonly Shape[];
  tooltip?: string;
}

// eslint-disable-next-line no-control-regex -- these are what XML 1.0 does not allow
const FORBIDDEN = /[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu;
const ESCAPES: Record<string, string> = {
  '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&#39;',
}; // prettier-ignore

/** User text as text of XML or HTML, or as an attribute in quotes. */
export function escape(text: string): string {
  return text.replace(FORBIDDEN, '\ufffd').replace(/[&<>"']/g, c => ESCAPES[c]!);
}

export function svg(picture: Picture): string {
  const [width, height] = [n(picture.width), n(picture.height)];
  const title = escape(picture.title);
  const parts = [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${width} ${height}" width="${width}" ` +
      `height="${height}" font-family="${SANS}" role="img" aria-label="${title}">`,
    `<title>${title}</title>`,
    `<rect width="${width}" height="${height}" fill="${picture.page}"/>`,
  ];
  for (const { shapes, tooltip } of picture.parts) {
    const inside = shapes.map(svgShape).join('');
    const group = tooltip === undefined ? '' : `<title>${escape(tooltip)}</title>`;
    parts.push(group ? `<g data-key="">${group}${inside}</g>` : inside);
  }
  return [...parts, '</svg>'].join('\n');
}

function n(value: number): string {
  return String(Math.round(value * 10) / 10);
}

function svgShape(shape: Shape): string {
  switch (shape.kind) {
    case 'rect': {
      const dash = shape.dash ? ' stroke-dasharray="6 4"' : '';
      return (
        `<rect x="${n(shape.x)}" y="${n(shape.y)}" width="${n(shape.width)}" ` +
        `height="${n(shape.height)}" rx="${n(shape.radius)}"${paint(shape)}${dash}/>`
      );
    }
    case 'polygon': {
      const points = shape.points.map(n).join(' ');
      return `<polygon points="${points}" stroke-linejoin="round"${paint(shape)}/>`;
    }
    case 'line': {
      const dash = shape.dash ? ' stroke-dasharray="6 4"' : '';
      return (
        `<path d="${path(shape)}" fill="none" stroke="${shape.stroke}" ` +
        `stroke-width="${n(shape.line)}" stroke-linecap="round" stroke-linejoin="round"${dash}/>`
      );
    }
    case 'text':
      return svgText(shape);
  }
}

function paint({ fill, stroke, line }: { fill: string; stroke: string; line: number }): string {
  const edge = stroke ? ` stroke="${stroke}" stroke-width="${n(line)}"` : '';
  return ` fill="${fill || 'none'}"${edge}`;
}

function path({ points, smooth }: Line): string {
  const parts = [`M${n(points[0]!)} ${n(points[1]!)}`];
  for (let k = 2; k < points.length; k += 2) {
    const [x0, y0, x1, y1] = [points[k - 2]!, points[k - 1]!, points[k]!, points[k + 1]!];
    const middle = n((y0 + y1) / 2);
    parts.push(
      !smooth || isStraight(x0, y0, x1, y1)
        ? `L${n(x1)} ${n(y1)}`
        : `C${n(x0)} ${middle} ${n(x1)} ${middle} ${n(x1)} ${n(y1)}`,
    );
  }
  return parts.join('');
}

function svgText(shape: Text): string {
  const weight = shape.bold ? ' font-weight="600"' : '';
  const family = shape.mono ? ` font-family="${MONO}"` : '';
  const anchor = shape.anchor === 'start' ? '' : ` text-anchor="${shape.anchor}"`;
  const opacity = shape.opacity < 1 ? ` opacity="${n(shape.opacity)}"` : '';
  return (
    `<text x="${n(shape.x)}" y="${n(shape.y)}" font-size="${n(shape.size)}" ` +
    `fill="${shape.fill}" xml:space="preserve"${weight}${family}${anchor}${opacity}>` +
    `${escape(shape.text)}</text>`
  );
}
