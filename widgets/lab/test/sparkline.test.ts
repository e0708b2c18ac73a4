import { describe, expect, it } from 'vitest';

import { HEIGHT, SHOWN, trace, WIDTH } from '../src/sparkline.js';

const norms = (...values: (number | undefined)[]): Map<number, number> =>
  new Map(values.flatMap((v, n) => (v === undefined ? [] : [[n, v] as [number, number]])));

/** Points of a path, one list for each unbroken line. */
function lines(path: string): [number, number][][] {
  return path.split('M').slice(1).map(line => line.split('L').map(p => p.split(' ').map(Number) as [number, number])); // prettier-ignore
}

describe('a sparkline', () => {
  it('goes from edge to edge, larger norms higher, decades evenly', () => {
    const [line] = lines(trace(norms(1, 10, 100), 2).path);
    const [a, b, c] = line!.map(([, y]) => y) as [number, number, number];
    expect(line![0]![0]).toBeLessThan(5);
    expect(line![2]![0]).toBeGreaterThan(WIDTH - 5);
    expect(a).toBeGreaterThan(b);
    expect(a - b).toBeCloseTo(b - c, 1);
    for (const y of [a, b, c]) expect(y >= 0 && y <= HEIGHT).toBe(true);
  });

  it('is nearly flat where little changes', () => {
    const [line] = lines(trace(norms(1, 1.05, 0.98), 2).path);
    const heights = line!.map(([, y]) => y);
    expect(Math.max(...heights) - Math.min(...heights)).toBeLessThan(2);
  });

  it('is interrupted where an iteration is missing, and marks NaN and Inf', () => {
    const drawn = trace(norms(1, 2, undefined, 4, NaN, 5, Infinity), 6);
    expect(lines(drawn.path).map(line => line.length)).toEqual([2, 1, 1]);
    expect(drawn.odd).toHaveLength(2);
    expect(drawn.end).not.toBeNull();
  });

  it('shows the last iterations only', () => {
    const many = norms(...Array.from({ length: 3 * SHOWN }, () => 1));
    expect(lines(trace(many, 3 * SHOWN - 1).path)[0]).toHaveLength(SHOWN);
  });

  it('draws zeros at the bottom, and nothing of nothing', () => {
    const [line] = lines(trace(norms(1, 0), 1).path);
    expect(line![1]![1]).toBeCloseTo(HEIGHT - 3);
    expect(trace(new Map(), 3)).toEqual({ path: '', end: null, odd: [] });
  });
});
