/**
 * The box under a cell that asks for input, answered as if by hand.
 *
 * JupyterLab keeps such a box until it is answered, also when the kernel went on without it.
 * A command that is typed into it leaves none behind.
 */

import { CodeCell } from '@jupyterlab/cells';
import type { Notebook } from '@jupyterlab/notebook';
import type { Kernel } from '@jupyterlab/services';

const BOX = 'input.jp-Stdin-input';
/** One that was answered stays for half a second. */
const ANSWERED = '.jp-OutputArea-stdin-hiding';
/** How the debugger's prompts begin. */
const PROMPT = '(Autograd';

/** Type a line into the box that waits in a notebook. False if none does. */
export function answerBox(notebook: Notebook, line: string): boolean {
  const box = boxesOf(notebook).pop();
  if (!box || box.value.trim() !== '') {
    return false; // none, or a person is typing there: what they wrote is theirs
  }
  box.value = line;
  const key = { key: 'Enter', code: 'Enter', keyCode: 13, bubbles: true, cancelable: true };
  box.dispatchEvent(new KeyboardEvent('keydown', key));
  return true;
}

/** Take away boxes that nobody waits for any more: the cell is over. */
export function closeBoxes(notebook: Notebook, kernel: Kernel.IKernelConnection | null): void {
  for (const box of boxesOf(notebook)) {
    const cell = notebook.widgets.find(cell => cell.node.contains(box));
    if (!(cell instanceof CodeCell)) continue;
    cell.outputArea.widgets.find(output => output.node.contains(box))?.dispose();
    kernel?.removeInputGuard();
  }
}

/** The debugger's that still wait, in cells that are scrolled away too. */
function boxesOf(notebook: Notebook): HTMLInputElement[] {
  const all = notebook.widgets.flatMap(cell => [
    ...cell.node.querySelectorAll<HTMLInputElement>(BOX),
  ]);
  return all.filter(
    box =>
      !box.closest(ANSWERED) && box.parentElement?.textContent.trim().startsWith(PROMPT) === true,
  );
}
