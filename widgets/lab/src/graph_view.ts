/** The graph of the active notebook's trace: the renderer, in a narrow place. */

import { LEAF } from '../../src/model/iteration.js';
import type { TraceModel } from '../../src/model/trace.js';
import { h } from '../../src/view/dom.js';
import { mount, type Mounted } from '../../src/view/app.js';
import type { Link } from './link.js';

export class GraphView {
  readonly node = h('div', { class: 'ag-GraphHost' });
  private link: Link | null = null;
  private mounted: Mounted | null = null;
  private boxes = 60;

  /** Show a notebook's graph; null while nobody could see it. */
  update(link: Link | null): void {
    const shown = link?.model.id ? link : null;
    if (shown === this.link) return;
    this.mounted?.dispose();
    this.link = shown;
    this.mounted = shown
      ? mount(this.node, {
          model: shown.model,
          session: shown.session,
          compact: true,
          boxes: this.boxes,
        })
      : null;
  }

  /** How many boxes are shown before modules are folded. */
  showBoxes(count: number): void {
    this.boxes = count;
    this.mounted?.showBoxes(count);
  }

  /** Select a parameter by its name. */
  choose(name: string): void {
    const id = this.link ? leafNamed(this.link.model, name) : -1;
    if (id >= 0) this.mounted?.select(id);
    this.node.scrollIntoView({ block: 'nearest' });
  }
}

function leafNamed(model: TraceModel, name: string): number {
  const nodes = model.iterations.get(model.latest)?.nodes;
  for (let row = (nodes?.count ?? 0) - 1; row >= 0; row--) {
    const { kind, name: names, id } = nodes!.data;
    if (kind[row] === LEAF && model.text(names[row]!) === name) return id[row]!;
  }
  return -1;
}
