/**
 * The cell also has the graph as plain pictures, for places where no widget runs.  Where one
 * runs they would show everything twice: they are hidden as long as it does.  Only what is on
 * the page changes; the notebook keeps them.
 */

/** What holds the outputs of one cell: JupyterLab and Notebook 7, VS Code. */
const OUTPUTS = '.jp-OutputArea, .cell_container';
/** What holds one output there. */
const OUTPUT = '.jp-OutputArea-child, .output';
/** The mark that the kernel puts on these pictures; as an image it is in the address. */
const PICTURE = 'svg[data-autograd-picture], img[src*="data-autograd-picture"]';

/** Hide the pictures beside a widget, also those to come; what it returns shows them again. */
export function hidePictures(element: HTMLElement): () => void {
  const hidden = new Set<HTMLElement>();
  let outputs: Element | null = null;
  const hide = (): void => {
    for (const picture of outputs?.querySelectorAll(PICTURE) ?? []) {
      const output = picture.closest<HTMLElement>(OUTPUT);
      if (!output || output.contains(element)) continue;
      output.style.display = 'none'; // `hidden` loses against the page's own styles
      hidden.add(output);
    }
  };
  const changes = new MutationObserver(hide);
  // A widget is made first and put into the page later.
  const placed = new ResizeObserver(() => {
    const found = element.closest(OUTPUTS);
    if (!found || found === outputs) return;
    outputs = found;
    changes.disconnect();
    changes.observe(outputs, { childList: true, subtree: true });
    hide();
  });
  placed.observe(element);
  return () => {
    placed.disconnect();
    changes.disconnect();
    for (const output of hidden) output.style.display = '';
  };
}
