/**
 * The box under a cell that asks for input, answered as if by hand.
 *
 * JupyterLab keeps such a box until it is answered, also when the kernel went on without it.
 * A command that is typed into it leaves none behind.
 */

import { Notebook } from '@jupyterlab/notebook';

/** Type a line into the box that waits in a notebook. False if none does. */
export function answerBox(notebook: Notebook, line: string): boolean {
  const box = boxOf(notebook);
  if (box === null || box.value.trim() !== '') {
    return false; // none, or a person is typing there: what they wrote is theirs
  }
  box.value = line;
  const key = { key: 'Enter', code: 'Enter', keyCode: 13, bubbles: true, cancelable: true };
  box.dispatchEvent(new KeyboardEvent('keydown', key));
  return true;
}

/** The last one, in cells that are scrolled away too. */
function boxOf(notebook: Notebook): HTMLInputElement | null {
  for (const cell of [...notebook.widgets].reverse()) {
    const boxes = cell.node.querySelectorAll<HTMLInputElement>('input.jp-Stdin-input');
    const box = boxes[boxes.length - 1];
    if (box && box.type !== 'password') {
      return box;
    }
  }
  return null;
}
