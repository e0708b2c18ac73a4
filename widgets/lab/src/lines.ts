/** From a place that the kernel tells to a line of a cell's text, counted from 0; no DOM. */

import type { Place } from '../../src/protocol/messages.js';

/** For each cell's id its text, and the number of its last execution. */
export type Sources = ReadonlyMap<string, { text: string; count: number | null }>;

/**
 * The id of the cell that a place is in, undefined if it is in none.
 *
 * The kernel does not know the id of the cell that loaded the extension: that is found by its
 * number, if the line still reads the same.
 */
export function cellAt(place: Place, sources: Sources): string | undefined {
  if (place.cell_id !== undefined) return sources.has(place.cell_id) ? place.cell_id : undefined;
  if (place.execution_count === undefined) return undefined;
  const cells = [...sources].find(
    ([, { text, count }]) => count === place.execution_count && findLine(text, place) !== null,
  );
  return cells?.[0];
}

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
