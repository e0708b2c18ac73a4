/** Words that model and view share. */

/** Thousands with commas; `toLocaleString` takes many milliseconds when first called. */
export function count(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ',');
}
