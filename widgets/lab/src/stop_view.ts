/** What there is to see at a stop: the node and where it was made, gradients, saved values. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { number } from '../../src/draw/numbers.js';
import {
  toNumber,
  type GradientState,
  type JsonNumber,
  type Place,
  type SavedState,
  type State,
} from '../../src/protocol/messages.js';
import { h, on } from '../../src/view/dom.js';
import { cellOf, goToPlace } from './cells.js';
import { button, replace } from './dom.js';
import { lineIn } from './lines.js';
import type { Link } from './link.js';

export class StopView {
  readonly context = h('div');
  readonly gradients = h('div');
  readonly saved = h('div');
  private shown: State | null = null;

  constructor(private readonly trans: TranslationBundle) {}

  /** True if there is something to see. */
  update(link: Link | null): boolean {
    const state = link?.state;
    if (!link || !state?.node) {
      this.shown = null;
      return false;
    }
    if (state !== this.shown) {
      this.shown = state;
      const gradients = state.gradients ?? [];
      replace(this.context, ...this.contextOf(link, state));
      replace(this.gradients, ...gradients.map((g, i) => this.gradient(g, i, state)));
      replace(this.saved, ...this.savedOf(link, state));
    }
    return true;
  }

  // ------------------------------------------------------------ context

  private contextOf(link: Link, state: State): HTMLElement[] {
    const { trans } = this;
    const { node, location } = state;
    const facts: [string, HTMLElement][] = [[trans.__('Node'), h('code', {}, nodeText(state))]];
    if (node?.scope.length) facts.push([trans.__('Module'), modulePath(node.scope)]);
    if (location) facts.push([trans.__('Made in'), this.place(link, location)]);
    if (state.phase !== 'forward') facts.push([trans.__('Steps'), this.steps(state)]);
    const rows = facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]);
    const warnings = (state.warnings ?? []).map(text => h('p', { class: 'ag-Warning' }, text));
    return [h('dl', {}, ...rows), ...warnings];
  }

  private steps(state: State): HTMLElement {
    const { trans } = this;
    const done = trans._n('%1 node has run', '%1 nodes have run', state.steps_done ?? 0);
    const back = trans.__('%1 can be undone', state.can_back ?? 0);
    const around = (state.depth ?? 1) - 1;
    const deep = around > 0 ? `, ${trans.__('inside %1 other backward', around)}` : '';
    return h('span', {}, `${done}, ${back}${deep}`);
  }

  private place(link: Link, place: Place): HTMLElement {
    const index = cellOf(link.notebook, place);
    const cell = link.notebook.content.widgets[index];
    const line = cell ? lineIn(cell.model.sharedModel.getSource(), place) + 1 : place.line;
    const where = place.execution_count ? `In [${place.execution_count}]` : fileName(place.file);
    const title = this.trans.__('%1, line %2', where, line);
    const known = { class: 'ag-Link', 'data-key': 'place' };
    const there = cell
      ? button(known, () => goToPlace(link.notebook, place), title)
      : h('span', { title: place.file }, title);
    return h('div', {}, there, h('pre', { class: 'ag-Source' }, place.text.trim()));
  }

  // ------------------------------------------------------------ values

  private gradient(gradient: GradientState | null, index: number, state: State): HTMLElement {
    const { trans } = this;
    const several = (state.gradients?.length ?? 0) > 1;
    const what = state.phase === 'forward' ? trans.__('output') : 'grad';
    const name = h('code', {}, several ? `${what} ${index}` : what);
    if (!gradient) return h('p', {}, name, ' ', trans.__('none arrived'));
    const odd = [
      gradient.nan ? `${gradient.nan} NaN` : '',
      gradient.inf ? `${gradient.inf} Inf` : '',
    ].filter(text => text);
    const facts = h(
      'div',
      { class: 'ag-Facts' },
      fact(trans.__('norm'), gradient.norm),
      fact(trans.__('min'), gradient.min),
      fact(trans.__('max'), gradient.max),
      fact(trans.__('zeros'), gradient.zeros),
      odd.length > 0 && h('strong', { class: 'ag-Odd' }, odd.join(', ')),
    );
    // Its first line repeats what is above.
    const values = gradient.preview.split('\n').slice(1).join('\n') || gradient.preview;
    return h(
      'div',
      { class: 'ag-Value' },
      h('div', { class: 'ag-Head' }, name, h('span', {}, kindOf(gradient))),
      facts,
      h('pre', { tabindex: 0, 'data-key': `grad-${index}` }, values),
    );
  }

  private savedOf(link: Link, state: State): HTMLElement[] {
    const rows = (state.saved ?? []).map(value => this.savedRow(link, value));
    return rows.length ? rows : [h('p', { class: 'ag-Muted' }, this.trans.__('Nothing was saved'))];
  }

  private savedRow(link: Link, value: SavedState): HTMLElement {
    const head = [h('code', {}, value.name), h('span', {}, value.value ?? kindOf(value))];
    if (!value.shape) return h('div', { class: 'ag-Value ag-Head' }, ...head);
    const text = h('pre', { tabindex: 0 }, this.trans.__('asking the kernel…'));
    const summary = h('summary', { class: 'ag-Head', 'data-key': `saved-${value.name}` }, ...head);
    const shown = h('details', { class: 'ag-Value' }, summary, text);
    const show = async (): Promise<void> => {
      text.textContent = link.state.held ?? (await link.preview({ saved: value.name }));
    };
    on(shown, 'toggle', () => void (shown.open && show()));
    return shown;
  }
}

/** `TanhBackward0 #12`, or the name of the leaf that it gives the gradient to. */
export function nodeText(state: State): string {
  const { op = '', name = '', seq = -1 } = state.node ?? {};
  return `${name || op}${seq >= 0 && !name ? ` #${seq}` : ''}`;
}

function modulePath(scope: string[]): HTMLElement {
  const parts = scope.flatMap((part, i) => [i ? ' › ' : '', h('code', {}, part)]);
  return h('span', {}, ...parts);
}

function kindOf(value: { shape?: number[]; dtype?: string }): string {
  const shape = (value.shape ?? []).join(' × ') || 'scalar';
  return `${shape} ${value.dtype ?? ''}`;
}

function fact(name: string, value: JsonNumber): HTMLElement {
  return h('span', {}, h('small', {}, name), ' ', number(toNumber(value)));
}

function fileName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path;
}
