/** One link for each open notebook, made when it is first needed. */

import { NotebookPanel } from '@jupyterlab/notebook';

import { Link } from './link';

export class Links {
  private readonly _all = new Map<NotebookPanel, Link>();

  of(notebook: NotebookPanel): Link {
    const known = this._all.get(notebook);
    if (known) {
      return known;
    }
    const link = new Link(notebook);
    this._all.set(notebook, link);
    notebook.disposed.connect(() => {
      this._all.delete(notebook);
      link.dispose();
    });
    return link;
  }
}
