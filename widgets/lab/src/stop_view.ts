/** What there is to see at a stop: the node and where it was made, gradients, saved values. */

import { TranslationBundle } from '@jupyterlab/translation';

import { cellOf, goTo, lineIn } from './cells';
import { h, replace } from './dom';
import { Link } from './link';
import { Gradient, Place, Saved, State } from './protocol';

export class StopView {
  readonly context = h('div');
  readonly gradients = h('div');
  readonly saved = h('div');
  private _shown: State | null = null;

  constructor(private readonly _trans: TranslationBundle) {}

  /** True if there is something to see. */
  update(link: Link | null): boolean {
    const state = link?.state;
    if (!link || !state?.node) {
      this._shown = null;
      return false;
    }
    if (state !== this._shown) {
      this._shown = state;
      replace(this.context, ...this._contextOf(link, state));
      replace(
        this.gradients,
        ...(state.gradients ?? []).map((g, i) => this._gradient(g, i, state)),
      );
      replace(this.saved, ...this._savedOf(link, state));
    }
    return true;
  }

  // ------------------------------------------------------------ context

  private _contextOf(link: Link, state: State): HTMLElement[] {
    const trans = this._trans;
    const { node, location } = state;
    const facts: [string, HTMLElement][] = [[trans.__('Node'), h('code', {}, nodeText(state))]];
    if (node?.scope.length) {
      facts.push([trans.__('Module'), modulePath(node.scope)]);
    }
    if (location) {
      facts.push([trans.__('Made in'), this._place(link, location)]);
    }
    const steps = trans._n('%1 node has run', '%1 nodes have run', state.steps_done ?? 0);
    const back = trans._n('%1 can be undone', '%1 can be undone', state.can_back ?? 0);
    const around = (state.depth ?? 1) - 1;
    const deep = around > 0 ? `, ${trans.__('inside %1 other backward', around)}` : '';
    if (state.phase !== 'forward') {
      facts.push([trans.__('Steps'), h('span', {}, `${steps}, ${back}${deep}`)]);
    }
    const rows = facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]);
    const warnings = (state.warnings ?? []).map(text => h('p', { class: 'ag-Warning' }, text));
    return [h('dl', {}, ...rows), ...warnings];
  }

  private _place(link: Link, place: Place): HTMLElement {
    const index = cellOf(link.notebook, place);
    const cell = link.notebook.content.widgets[index];
    const line = cell ? lineIn(cell.model.sharedModel.getSource(), place) + 1 : place.line;
    const where = place.execution_count ? `In [${place.execution_count}]` : fileName(place.file);
    const title = this._trans.__('%1, line %2', where, line);
    const link_ = cell
      ? h(
          'button',
          {
            type: 'button',
            class: 'ag-Link',
            'data-key': 'place',
            onclick: () => void goTo(link.notebook, place),
          },
          title,
        )
      : h('span', { title: place.file }, title);
    return h('div', {}, link_, h('pre', { class: 'ag-Source' }, place.text.trim()));
  }

  // ------------------------------------------------------------ values

  private _gradient(gradient: Gradient | null, index: number, state: State): HTMLElement {
    const trans = this._trans;
    const several = (state.gradients?.length ?? 0) > 1;
    const what = state.phase === 'forward' ? trans.__('output') : 'grad';
    const name = several ? `${what} ${index}` : what;
    if (!gradient) {
      return h('p', {}, h('code', {}, name), ' ', trans.__('none arrived'));
    }
    const odd = [
      gradient.nan ? `${gradient.nan} NaN` : '',
      gradient.inf ? `${gradient.inf} Inf` : '',
    ].filter(text => text);
    return h(
      'div',
      { class: 'ag-Value' },
      h('div', { class: 'ag-Head' }, h('code', {}, name), h('span', {}, kindOf(gradient))),
      h(
        'div',
        { class: 'ag-Facts' },
        fact(trans.__('norm'), gradient.norm),
        fact(trans.__('min'), gradient.min),
        fact(trans.__('max'), gradient.max),
        fact(trans.__('zeros'), gradient.zeros),
        odd.length > 0 && h('strong', { class: 'ag-Odd' }, odd.join(', ')),
      ),
      h('pre', { tabindex: '0', 'data-key': `grad-${index}` }, gradient.preview),
    );
  }

  private _savedOf(link: Link, state: State): HTMLElement[] {
    const rows = (state.saved ?? []).map(value => this._savedRow(link, value));
    return rows.length
      ? rows
      : [h('p', { class: 'ag-Muted' }, this._trans.__('Nothing was saved'))];
  }

  private _savedRow(link: Link, value: Saved): HTMLElement {
    const head = [h('code', {}, value.name), h('span', {}, value.value ?? kindOf(value))];
    if (!value.shape) {
      return h('div', { class: 'ag-Value ag-Head' }, ...head);
    }
    const text = h('pre', { tabindex: '0' }, this._trans.__('asking the kernel…'));
    const show = async (event: Event): Promise<void> => {
      if ((event.target as HTMLDetailsElement).open) {
        const held = link.whyNot === 'held' ? link.state.held : null;
        text.textContent = held ?? (await link.preview({ saved: value.name }));
      }
    };
    const summary = h('summary', { class: 'ag-Head', 'data-key': `saved-${value.name}` }, ...head);
    return h('details', { class: 'ag-Value', ontoggle: show }, summary, text);
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

function fact(name: string, value: number | string): HTMLElement {
  const text = typeof value === 'number' ? brief(value) : value;
  return h('span', {}, h('small', {}, name), ' ', text);
}

function brief(value: number): string {
  return Number.isInteger(value) && Math.abs(value) < 1e6 ? String(value) : value.toPrecision(4);
}

function fileName(path: string): string {
  return path.split(/[\\/]/).pop() ?? path;
}
