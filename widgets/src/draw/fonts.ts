/** Fonts, and how wide text is in them. */

export const SANS = "system-ui,-apple-system,'Segoe UI',Roboto,'Helvetica Neue',Arial,sans-serif";
export const MONO =
  "ui-monospace,'JetBrains Mono','SF Mono',Menlo,Consolas,'DejaVu Sans Mono',monospace";

export function font(size: number, bold: boolean, mono: boolean): string {
  return `${bold ? '600 ' : ''}${size}px ${mono ? MONO : SANS}`;
}

const known = new Map<string, number>();
let context: CanvasRenderingContext2D | null | undefined;

/** How wide a text is; an estimate where there is no canvas to ask. */
export function textWidth(text: string, size: number, bold = false, mono = false): number {
  const style = font(size, bold, mono);
  const key = `${style}\n${text}`;
  let width = known.get(key);
  if (width === undefined) {
    if (known.size > 20_000) known.clear();
    width = measure(text, style) ?? estimate(text, size, mono);
    known.set(key, width);
  }
  return width;
}

function measure(text: string, style: string): number | undefined {
  if (context === undefined) {
    context =
      typeof document === 'undefined' ? null : document.createElement('canvas').getContext('2d');
  }
  if (!context) return undefined;
  if (context.font !== style) context.font = style;
  return context.measureText(text).width;
}

function estimate(text: string, size: number, mono: boolean): number {
  return [...text].length * size * (mono ? 0.602 : 0.58);
}

/** As much of a text as fits, with an ellipsis where it was cut. */
export function fit(text: string, room: number, size: number, bold = false, mono = false): string {
  if (textWidth(text, size, bold, mono) <= room) return text;
  const characters = [...text];
  let [low, high] = [0, characters.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const cut = `${characters.slice(0, middle).join('')}…`;
    if (textWidth(cut, size, bold, mono) <= room) low = middle;
    else high = middle - 1;
  }
  return `${characters.slice(0, low).join('')}…`;
}

/** Lines that fit, broken at spaces; the last one is cut where there would be more than `most`. */
export function wrap(
  text: string,
  room: number,
  size: number,
  most: number,
  bold = false,
): string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    const longer = line ? `${line} ${word}` : word;
    const fits = !line || textWidth(longer, size, bold) <= room;
    if (fits || lines.length === most - 1) line = longer;
    else {
      lines.push(line);
      line = word;
    }
  }
  return [...lines, line].map(each => fit(each, room, size, bold));
}

/** The end of a text that fits, with an ellipsis in front: names differ at their ends. */
export function fitEnd(text: string, room: number, size: number): string {
  if (textWidth(text, size) <= room) return text;
  const characters = [...text];
  let [low, high] = [0, characters.length];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    const cut = `…${characters.slice(-middle).join('')}`;
    if (textWidth(cut, size) <= room) low = middle;
    else high = middle - 1;
  }
  return `…${low ? characters.slice(-low).join('') : ''}`;
}
