/** Numbers, sizes and times as short text. */

import { trans } from '../trans.js';

/** Two or three digits: `0.43`, `3.2e5`. */
export function number(value: number): string {
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? 'Inf' : '-Inf';
  if (value === 0) return '0';
  const size = Math.abs(value);
  if (size >= 1e-3 && size < 999.5) return String(Number(value.toPrecision(3)));
  if (size > 1 && size < 9999.5) return value.toFixed(0);
  const [mantissa, exponent] = value.toExponential(1).split('e') as [string, string];
  return `${mantissa.replace(/\.0$/, '')}e${Number(exponent)}`;
}

/** A ratio, `×3.2` or `÷40`. */
export function ratio(decades: number): string {
  if (Math.abs(decades) < 0.02) return trans.__('= same');
  return decades > 0 ? `×${number(10 ** decades)}` : `÷${number(10 ** -decades)}`;
}

export function bytes(value: number): string {
  if (value < 1024) return trans._n('%1 byte', '%1 bytes', value);
  const units = ['KiB', 'MiB', 'GiB'];
  let n = 0;
  for (value /= 1024; value >= 1024 && n < units.length - 1; n++) value /= 1024;
  return `${value.toPrecision(3)} ${units[n]}`;
}

export function seconds(value: number): string {
  if (value >= 1) return `${value.toPrecision(3)} s`;
  if (value >= 1e-3) return `${(value * 1e3).toPrecision(3)} ms`;
  return `${(value * 1e6).toPrecision(3)} µs`;
}

/** At most so many characters. */
export function shorten(text: string, limit: number): string {
  const characters = [...text];
  if (characters.length <= limit) return text;
  return `${characters
    .slice(0, limit - 1)
    .join('')
    .trimEnd()}…`;
}
