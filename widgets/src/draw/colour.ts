/** Colours of norms, viridis unless chosen otherwise, on a fixed logarithmic range: runs compare. */

export const LOW = 1e-8;
export const HIGH = 1e4;
export const VERMILION = '#d55e00';
export const BREAKPOINT = '#cf222e';

type Rgb = readonly [number, number, number];

// Every sixteenth colour of Matplotlib's maps (S. van der Walt and N. Smith, 2015; CC0).
const PALETTES: Readonly<Partial<Record<string, string>>> = {
  viridis:
    '440154 48186a 472d7b 424086 3b528b 33638d 2c728e 26828e 21918c ' +
    '1fa088 28ae80 3fbc73 5ec962 84d44b addc30 d8e219 fde725',
  plasma:
    '0d0887 330597 5002a2 6a00a8 8405a7 9c179e b12a90 c33d80 ' +
    'd35171 e16462 ed7953 f68f44 fca636 fec029 f9dc24 f0f921',
};
// Blue, nearly white, orange: less, the same, more.
const DIVERGING = '0a4a8a 2f7fc1 8abce4 f2f0ec f5b57a dd7a28 8f3f00'.split(' ');
/** Decades that the diverging scale covers to either side. */
export const CHANGE = 3;

export function rgb(colour: string): Rgb {
  const digits = colour.replace('#', '');
  return [0, 2, 4].map(at => parseInt(digits.slice(at, at + 2), 16)) as unknown as Rgb;
}

export function hex(parts: Rgb): string {
  return '#' + parts.map(part => Math.round(part).toString(16).padStart(2, '0')).join('');
}

/** Where a norm lies on the scale, 0 to 1, by its logarithm. */
export function position(norm: number): number {
  if (norm <= LOW) return 0;
  if (norm >= HIGH) return 1;
  return Math.log(norm / LOW) / Math.log(HIGH / LOW);
}

function along(colours: readonly string[], at: number): string {
  const scaled = Math.min(Math.max(at, 0), 1) * (colours.length - 1);
  const n = Math.min(Math.floor(scaled), colours.length - 2);
  const [one, two] = [rgb(colours[n]!), rgb(colours[n + 1]!)];
  return hex([0, 1, 2].map(k => one[k]! + (two[k]! - one[k]!) * (scaled - n)) as unknown as Rgb);
}

let table = tableOf('viridis');

function tableOf(palette: string): string[] {
  const colours = (PALETTES[palette] ?? PALETTES['viridis']!).split(' ');
  return Array.from({ length: 257 }, (_, n) => along(colours, n / 256));
}

/** Have norms in other colours: `viridis` or `plasma`. */
export function usePalette(name = 'viridis'): void {
  table = tableOf(name);
}

/** The colour at 0 to 1, of viridis or of the palette in use. */
export function viridis(at: number): string {
  return table[Math.round(Math.min(Math.max(at, 0), 1) * 256)]!;
}

/** The colour of a change, in decades. */
export function diverging(change: number): string {
  return along(DIVERGING, (change + CHANGE) / (2 * CHANGE));
}

function luminance(colour: string): number {
  const [r, g, b] = rgb(colour).map(part => {
    const c = part / 255;
    return c <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4;
  }) as unknown as Rgb;
  return 0.2126 * r + 0.7152 * g + 0.0722 * b;
}

/** Contrast ratio of two colours, 1 to 21 (WCAG 2). */
export function contrast(one: string, two: string): number {
  const [a, b] = [luminance(one), luminance(two)];
  return (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
}

const inks = new Map<string, string>();

/** Black or white, whichever reads better on a colour. */
export function inkOn(colour: string): string {
  let ink = inks.get(colour);
  if (!ink) {
    ink = contrast('#000000', colour) >= contrast('#ffffff', colour) ? '#000000' : '#ffffff';
    inks.set(colour, ink);
  }
  return ink;
}

/** The same colour, darker: for a border. */
export function shade(colour: string, factor = 0.72): string {
  return hex(rgb(colour).map(part => part * factor) as unknown as Rgb);
}

/** Width of an arrow, 1 to 7, by the logarithm of the norm. */
export function strokeWidth(norm: number): number {
  return 1 + 6 * position(norm);
}
