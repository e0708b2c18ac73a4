/** What pictures are made of: simple shapes that the canvas and the SVG painter both know. */

export interface Rect {
  kind: 'rect';
  x: number;
  y: number;
  width: number;
  height: number;
  radius: number;
  fill: string;
  stroke: string;
  line: number;
  dash?: boolean;
}

export interface Polygon {
  kind: 'polygon';
  points: readonly number[];
  fill: string;
  stroke: string;
  line: number;
}

/** A line through points; smooth ones are vertical at each, so that they flow downward. */
export interface Line {
  kind: 'line';
  points: ArrayLike<number>;
  stroke: string;
  line: number;
  smooth: boolean;
  dash?: boolean;
}

export interface Text {
  kind: 'text';
  x: number;
  /** Its baseline. */
  y: number;
  text: string;
  size: number;
  fill: string;
  bold: boolean;
  mono: boolean;
  anchor: 'start' | 'middle' | 'end';
  opacity: number;
}

export type Shape = Rect | Polygon | Line | Text;

export function rect(
  x: number, y: number, width: number, height: number, radius: number, fill: string,
  stroke = '', line = 1,
): Rect {
  return { kind: 'rect', x, y, width, height, radius, fill, stroke, line };
} // prettier-ignore

export function polygon(points: readonly number[], fill: string, stroke = '', line = 1): Polygon {
  return { kind: 'polygon', points, fill, stroke, line };
}

export function straight(points: readonly number[], stroke: string, line: number): Line {
  return { kind: 'line', points, stroke, line, smooth: false };
}

export function text(
  x: number,
  y: number,
  content: string,
  size: number,
  fill: string,
  more: Partial<Pick<Text, 'bold' | 'mono' | 'anchor' | 'opacity'>> = {},
): Text {
  return {
    kind: 'text', x, y, text: content, size, fill,
    bold: false, mono: false, anchor: 'start', opacity: 1, ...more,
  }; // prettier-ignore
}

export const circle = (
  x: number,
  y: number,
  r: number,
  fill: string,
  stroke = '',
  line = 1,
): Rect => rect(x - r, y - r, 2 * r, 2 * r, r, fill, stroke, line);

/** The sign of a remarkable gradient, `x` and `y` its middle: never colour alone. */
export function glyph(flag: string, x: number, y: number, size: number, ink: string): Shape[] {
  const r = size / 2;
  switch (flag) {
    case 'vanishing':
      return [polygon([x - r, y - r * 0.8, x + r, y - r * 0.8, x, y + r], '', ink, 1.6)];
    case 'exploding':
      return [polygon([x - r, y + r * 0.8, x + r, y + r * 0.8, x, y - r], ink, ink, 1)];
    case 'zero':
      return [
        circle(x, y, r, '', ink, 1.6),
        straight([x - r * 0.7, y + r * 0.7, x + r * 0.7, y - r * 0.7], ink, 1.6),
      ];
    case 'nan':
    case 'inf': {
      const d = r * 1.25;
      const bars =
        flag === 'nan'
          ? [
              [-0.4, -0.4, 0.4, 0.4],
              [-0.4, 0.4, 0.4, -0.4],
            ]
          : [
              [0, -0.7, 0, 0.2],
              [0, 0.55, 0, 0.75],
            ];
      return [
        polygon([x, y - d, x + d, y, x, y + d, x - d, y], ink, ink, 1),
        ...bars.map(([a, b, c, e]) =>
          straight([x + r * a!, y + r * b!, x + r * c!, y + r * e!], '#ffffff', 1.5),
        ),
      ];
    }
    default:
      return [];
  }
}
