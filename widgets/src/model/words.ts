/** Words that model and view share. */

import { trans } from '../trans.js';

/** Thousands with commas; `toLocaleString` takes many milliseconds when first called. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}

export function nodes(value: number): string {
  return trans._n('%2 node', '%2 nodes', value, count(value));
}
