/** From a line of code to the cell that it stands in. */

import type { Place } from '../protocol/messages.js';
import { trans } from '../trans.js';

/** Asked of whoever hosts the view; one that goes there itself calls `preventDefault`. */
export const GO_TO = 'autograd-core:go-to';

const FLASH = 'ag-flash';

/** Go to a place; in words what is in the way, or null. */
export function goTo(from: Element, place: Place): string | null {
  const event = new CustomEvent<Place>(GO_TO, {
    detail: place,
    bubbles: true,
    composed: true,
    cancelable: true,
  });
  if (!from.dispatchEvent(event)) return null;
  const cell = findCell(place);
  if (cell) {
    const smooth = !matchMedia('(prefers-reduced-motion: reduce)').matches;
    cell.scrollIntoView({ block: 'center', behavior: smooth ? 'smooth' : 'auto' });
    cell.classList.add(FLASH);
    setTimeout(() => cell.classList.remove(FLASH), 1600);
    return null;
  }
  return place.execution_count === undefined
    ? trans.__('%1 is a file; open it in an editor', place.where)
    : trans.__('The cell In [%1] is not on this page any more.', place.execution_count);
}

function findCell(place: Place): Element | null {
  if (place.cell_id) {
    const found = document.querySelector(`[data-cell-id="${CSS.escape(place.cell_id)}"]`);
    if (found) return found;
  }
  if (place.execution_count === undefined) return null;
  const wanted = `[${place.execution_count}]:`;
  let running: Element | null = null;
  for (const prompt of document.querySelectorAll('.jp-InputPrompt, .input_prompt')) {
    const text = prompt.textContent.replace(/^In\s*/, '').trim();
    const cell = prompt.closest('.jp-Cell, .cell') ?? prompt;
    if (text === wanted) return cell;
    if (text === '[*]:') running ??= cell; // it has no number as long as it runs
  }
  return running;
}
