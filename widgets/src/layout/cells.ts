/** What is arranged inside one scope: boxes, ports of its border, and dummies of rails. */

export type CellKind = 'in' | 'box' | 'out' | 'rail';

export interface Link {
  cell: number;
  /** How far apart the two middles would be if the line between them was straight. */
  offset: number;
}

export interface Cell {
  kind: CellKind;
  width: number;
  height: number;
  order: number;
  layer: number;
  /** Its middle. */
  x: number;
  /** Its top. */
  y: number;
  /** Which column it stands in; see `columns.ts`. */
  column: number;
  above: Link[];
  below: Link[];
}

/** From one cell to another; arrows with the same key and target share a rail. */
export interface Arrow {
  source: number;
  target: number;
  key: number;
  /** Where on the cells it begins and ends, from their middles. */
  begin: number;
  end: number;
  /** Whether the line may bend at an end, so that the boxes lie straight below one another. */
  loose: boolean;
  rail: number[];
  /** The arrow whose rail it joins, and with which it then runs to the target; -1 for none. */
  joins: number;
  /** Goes upward, against the others. */
  flipped: boolean;
}

/** Room a rail takes. */
export const RAIL = 14;

export function cell(kind: CellKind, width: number, height: number, order = 0): Cell {
  return {
    kind, width, height, order, layer: -1, x: 0, y: 0, column: 0, above: [], below: [],
  }; // prettier-ignore
}
