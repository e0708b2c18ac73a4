/**
 * The graph under a cell whose own widget can't come back yet.
 *
 * When a page is loaded again at a stop, ipywidgets asks the kernel's main thread for its
 * widgets, and that is blocked.  Until it has answered, what the panel has of the trace is drawn
 * in the widget's place; nothing of this is in the notebook's file.
 */

import { CodeCell } from '@jupyterlab/cells';
import type { NotebookPanel } from '@jupyterlab/notebook';
import { Panel, Widget } from '@lumino/widgets';

import { mount, type Mounted } from '../../src/view/app.js';
import type { Link } from './link.js';

const VIEW = 'application/vnd.jupyter.widget-view+json';
/** A graph that shows nodes. */
const DRAWN = ".ag-root[data-nodes]:not([data-nodes='0'])";

/** Draw a stand-in wherever one is needed in a notebook. */
export function standIn(link: Link): void {
  let shown: StandIn | null = null;
  const update = (): void => {
    const { widget } = link; // null also when the run is over: then it waits for the widget
    if (shown?.isDisposed || (shown && widget && shown.widget !== widget)) {
      shown.dispose();
      shown = null;
    }
    if (shown || !link.paused || !widget || link.knows(widget)) return;
    const output = outputOf(link.notebook, widget);
    if (output && !output.node.querySelector(DRAWN)) shown = new StandIn(link, widget, output);
  };
  link.changed.on(update);
  void link.notebook.revealed.then(update);
}

/** What an output area shows of a widget: a panel with the prompt and the widget's place. */
function outputOf({ content }: NotebookPanel, widget: string): Panel | null {
  for (const cell of content.widgets) {
    if (!(cell instanceof CodeCell)) continue;
    const { model, widgets } = cell.outputArea;
    for (let n = 0; n < model.length; n++) {
      const view = model.get(n).data[VIEW] as { model_id?: string } | undefined;
      const output = widgets[n];
      if (view?.model_id === widget && output instanceof Panel) return output;
    }
  }
  return null;
}

class StandIn extends Widget {
  private readonly mounted: Mounted;
  /** Where the widget will be. */
  private readonly place: HTMLElement;
  private readonly arrival = new MutationObserver(() => this.makeWay());

  constructor(
    link: Link,
    readonly widget: string,
    private readonly output: Panel,
  ) {
    super();
    this.addClass('jp-OutputArea-output');
    this.place = output.widgets[output.widgets.length - 1]!.node;
    this.mounted = mount(this.node, { model: link.model, session: link.session });
    output.addClass('ag-StandIn');
    this.place.classList.add('ag-mod-waits');
    output.addWidget(this);
    const attributeFilter = ['data-nodes'];
    this.arrival.observe(this.place, { childList: true, subtree: true, attributeFilter });
    this.makeWay();
  }

  override dispose(): void {
    if (this.isDisposed) return;
    this.arrival.disconnect();
    this.mounted.dispose();
    this.place.classList.remove('ag-mod-waits');
    this.output.removeClass('ag-StandIn');
    super.dispose();
  }

  /** The widget is there, behind this, and has drawn what it has. */
  private makeWay(): void {
    const root = this.place.querySelector<HTMLElement>(DRAWN);
    if (!root) return;
    this.arrival.disconnect();
    // Two frames: its canvas is painted in the first.
    requestAnimationFrame(() => requestAnimationFrame(() => this.giveTo(root)));
  }

  private giveTo(root: HTMLElement): void {
    const own = this.node.querySelector<HTMLElement>('.ag-root');
    if (own) root.style.height = own.style.height; // somebody may have pulled at its edge
    const focused = this.node.contains(document.activeElement);
    this.dispose();
    if (focused) root.focus({ preventScroll: true });
  }
}
