/** Something drawn: a node, a closed scope, a fold of several, or an open scope (a hull). */

export type BoxKind = 'op' | 'leaf' | 'function' | 'scope' | 'fold' | 'hull';

export interface Box {
  /** Place in `Outline.boxes`. */
  index: number;
  /** The same for the same thing, also after the outline was made anew. */
  key: string;
  kind: BoxKind;
  title: string;
  /** The node's row; -1 for what stands for several. */
  row: number;
  /** The scope that it is, or in which it lies. */
  scope: number;
  /** That scope's module, with dots. */
  path: string;
  /** All rows that it stands for. */
  rows: Int32Array;
  order: number;
  /** How often a folded pattern repeats; 1 elsewhere. */
  times: number;
  /** Ran under checkpoint, or again because of it. */
  region: '' | 'checkpoint' | 'recompute';
  parent: Box | null;
  children: Box[];
  width: number;
  height: number;
  x: number;
  y: number;
}

export const isGroup = (box: Box): boolean => box.row < 0;

/** The hulls around a box, the innermost first. */
export function* hullsAround(box: Box): Generator<Box> {
  for (let at = box.parent; at; at = at.parent) yield at;
}
