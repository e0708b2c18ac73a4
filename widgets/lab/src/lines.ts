/** From a place that the kernel tells to a line of a cell's text, counted from 0; no DOM. */

import type { Place } from '../../src/protocol/messages.js';

/**
 * The line of a place in a cell's text.
 *
 * It is one less than the kernel says where the cell was run with a line in front.
 */
export function lineIn(source: string, place: Place): number {
  const told = Math.min(place.line - 1, source.split('\n').length - 1);
  return findLine(source, place) ?? Math.max(0, told);
}

/** The same; null where the line reads differently now. */
export function findLine(source: string, place: Place): number | null {
  const lines = source.split('\n');
  const wanted = place.text.trim();
  const told = place.line - 1;
  return [told, told - 1].find(line => lines[line]?.trim() === wanted) ?? null;
}
