/** One link for each open notebook, made when it is first needed. */

import type { NotebookPanel } from '@jupyterlab/notebook';

import { Link } from './link.js';
import { standIn } from './stand_in.js';

export class Links {
  private readonly all = new Map<NotebookPanel, Link>();
  private chosenRate = 0;

  of(notebook: NotebookPanel): Link {
    const known = this.all.get(notebook);
    if (known) return known;
    const link = new Link(notebook);
    link.subscribe(this.chosenRate);
    standIn(link);
    this.all.set(notebook, link);
    notebook.disposed.connect(() => {
      this.all.delete(notebook);
      link.dispose();
    });
    return link;
  }

  /** The link of the notebook around an element. */
  around(element: Element): Link | null {
    for (const [notebook, link] of this.all) if (notebook.node.contains(element)) return link;
    return null;
  }

  /** How often a second rows of traces are to come. */
  set rate(rate: number) {
    this.chosenRate = rate;
    for (const link of this.all.values()) link.subscribe(rate);
  }
}
