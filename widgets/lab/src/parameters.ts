/** A table of the parameters: the norm of each gradient now, and over the last iterations. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { position, viridis } from '../../src/draw/colour.js';
import { number } from '../../src/draw/numbers.js';
import { EXPLODING_ABOVE, VANISHING_BELOW } from '../../src/model/readings.js';
import { h, setAttributes } from '../../src/view/dom.js';
import { button, setText } from './dom.js';
import type { History, Parameter } from './history.js';
import type { Link } from './link.js';
import { Sparkline } from './sparkline.js';

/** Rows that are drawn; of more the first and, when sorted, the largest. */
const MOST = 400;

export class ParameterTable {
  readonly node: HTMLElement;
  private readonly body = h('tbody');
  private readonly empty: HTMLElement;
  private readonly table: HTMLElement;
  private readonly heads: Record<'name' | 'norm', HTMLElement>;
  private readonly rows = new Map<string, Row>();
  private link: Link | null = null;
  private byNorm = false;

  constructor(
    private readonly trans: TranslationBundle,
    private readonly choose: (name: string) => void,
  ) {
    const name = button({}, () => this.sort(false), trans.__('Parameter'));
    const norm = button(
      { title: trans.__('Sort by the norm of the gradient, the largest first') },
      () => this.sort(true),
      trans.__('Norm'),
    );
    this.heads = {
      name: h('th', { scope: 'col', 'aria-sort': 'none' }, name),
      norm: h('th', { scope: 'col', 'aria-sort': 'none' }, norm),
    };
    const trend = h('th', { scope: 'col' }, trans.__('Iterations'));
    const head = h('thead', {}, h('tr', {}, this.heads.name, this.heads.norm, trend));
    this.table = h('table', { class: 'ag-Parameters' }, head, this.body);
    this.empty = h('p', { class: 'ag-Muted' }, trans.__('No parameters were traced yet.'));
    this.node = h('div', { class: 'ag-Scroll', tabindex: -1 }, this.table, this.empty);
  }

  update(link: Link | null): void {
    if (link !== this.link) {
      this.link = link;
      this.rows.clear();
      this.body.replaceChildren();
    }
    const history = link?.history;
    const shown = history ? this.ordered(history) : [];
    this.table.hidden = shown.length === 0;
    this.empty.hidden = shown.length > 0;
    if (!history) return;
    const names = new Set(shown.map(parameter => parameter.name));
    for (const [name, row] of this.rows) {
      if (names.has(name)) continue;
      row.node.remove();
      this.rows.delete(name);
    }
    const newest = link.model.latest >= 0 ? link.model.latest : history.newest;
    shown.forEach((parameter, at) => {
      const row = this.row(parameter);
      row.update(parameter, newest);
      if (this.body.children[at] !== row.node)
        this.body.insertBefore(row.node, this.body.children[at] ?? null);
    });
  }

  private row(parameter: Parameter): Row {
    let row = this.rows.get(parameter.name);
    if (!row) {
      row = new Row(parameter, this.trans, this.choose);
      this.rows.set(parameter.name, row);
    }
    return row;
  }

  private ordered(history: History): Parameter[] {
    const all = [...history.parameters.values()];
    if (this.byNorm) {
      const last = (p: Parameter): number => rank([...p.norms.values()].pop());
      all.sort((a, b) => last(b) - last(a));
    }
    return all.slice(0, MOST);
  }

  private sort(byNorm: boolean): void {
    this.byNorm = byNorm;
    setAttributes(this.heads.norm, { 'aria-sort': byNorm ? 'descending' : 'none' });
    this.update(this.link);
  }
}

/** NaN before all others, and what was never reached last. */
function rank(norm: number | undefined): number {
  return norm === undefined ? -1 : Number.isNaN(norm) ? Infinity : norm;
}

class Row {
  readonly node: HTMLElement;
  private readonly swatch = h('i', { class: 'ag-Swatch' });
  private readonly norm = h('span');
  private readonly sign = h('b', { class: 'ag-Odd' });
  private readonly shape = h('small');
  private readonly line: Sparkline;
  private drawn = '';

  constructor(
    { name }: Parameter,
    private readonly trans: TranslationBundle,
    choose: (name: string) => void,
  ) {
    this.line = new Sparkline(trans);
    const known = {
      class: 'ag-Link',
      title: trans.__('Show %1 in the graph', name),
      'data-key': name,
    };
    const label = h('bdi', {}, name);
    const head = h(
      'th',
      { scope: 'row' },
      button(known, () => choose(name), label),
      this.shape,
    );
    const value = h('td', { class: 'ag-Norm' }, this.swatch, this.norm, this.sign);
    this.node = h('tr', {}, head, value, h('td', {}, this.line.node));
  }

  update({ shape, norms }: Parameter, newest: number): void {
    const drawn = `${newest} ${String(norms.get(newest))} ${norms.size} ${viridis(0)}`;
    if (drawn === this.drawn) return;
    this.drawn = drawn;
    const reached = norms.has(newest);
    const last = reached ? newest : Math.max(-1, ...norms.keys());
    const norm = norms.get(last);
    setText(this.shape, shape ? shape.join('×') || this.trans.__('scalar') : '');
    setText(this.norm, norm === undefined ? '—' : number(norm));
    this.norm.classList.toggle('ag-mod-old', !reached);
    this.norm.title = reached
      ? this.trans.__('%1, of iteration %2', String(norm), last)
      : norm === undefined
        ? this.trans.__('backward has not reached it yet')
        : this.trans.__(
            '%1, of iteration %2: backward has not reached it since',
            String(norm),
            last,
          );
    setText(this.sign, this.signOf(norm));
    this.swatch.style.background =
      norm === undefined || !Number.isFinite(norm) || !reached ? '' : viridis(position(norm));
    this.line.draw(norms, newest);
  }

  private signOf(norm: number | undefined): string {
    if (norm === undefined || Number.isNaN(norm) || norm === Infinity) return '';
    if (norm === 0) return this.trans.__('zero');
    if (norm < VANISHING_BELOW) return this.trans.__('vanishing');
    return norm > EXPLODING_ABOVE ? this.trans.__('exploding') : '';
  }
}
