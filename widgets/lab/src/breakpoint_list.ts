/** The breakpoints of the active notebook's kernel: add, toggle, delete, see how often they hit. */

import { TranslationBundle } from '@jupyterlab/translation';

import { h, icon, replace } from './dom';
import { Link } from './link';
import { Arguments, Breakpoint } from './protocol';

const BIN = 'M6 2h4v1h4v1.500H2V3h4zM3.500 6h9L12 14.500H4z';
const EXAMPLES = ['nan', 'norm > 1e4', 'op:Tanh', 'module:encoder.*', 'zeros > 0.9'];

export class BreakpointList {
  readonly node: HTMLElement;
  private readonly _rows = h('ul', { class: 'ag-Breakpoints' });
  private readonly _empty: HTMLElement;
  private readonly _error = h('p', { class: 'ag-Error', role: 'alert', id: 'ag-Break-error' });
  private readonly _input: HTMLInputElement;
  private readonly _button: HTMLButtonElement;
  private _link: Link | null = null;

  constructor(private readonly _trans: TranslationBundle) {
    this._empty = h('p', { class: 'ag-Muted' }, _trans.__('None yet. For example: nan'));
    this._input = h('input', {
      type: 'text',
      'aria-label': _trans.__('Condition of a new breakpoint'),
      'aria-describedby': 'ag-Break-error',
      placeholder: _trans.__('op:Tanh, norm > 1e4 …'),
      list: 'ag-Break-examples',
      autocomplete: 'off',
      spellcheck: 'false',
    });
    this._button = h('button', { type: 'submit' }, _trans.__('Add'));
    this.node = h(
      'div',
      {},
      this._rows,
      this._empty,
      h('form', { class: 'ag-Row', onsubmit: this._add }, this._input, this._button),
      h('datalist', { id: 'ag-Break-examples' }, ...EXAMPLES.map(value => h('option', { value }))),
      this._error,
    );
  }

  update(link: Link | null): void {
    if (link !== this._link) {
      this._link = link;
      this._error.textContent = '';
    }
    const there = link?.contact === 'there';
    const rows = there ? link.breakpoints : [];
    this._input.disabled = this._button.disabled = !there;
    this._empty.hidden = rows.length > 0;
    replace(this._rows, ...rows.map(row => this._row(row)));
  }

  private _row(row: Breakpoint): HTMLElement {
    const trans = this._trans;
    const name = trans.__('Breakpoint %1: %2', row.number, row.text);
    const toggle = h('input', {
      type: 'checkbox',
      'aria-label': name,
      'data-key': `toggle-${row.number}`,
      onchange: () => this._do(row.enabled ? 'disable' : 'enable', { number: row.number }),
    });
    toggle.checked = row.enabled;
    const hits = trans._n('%1 hit', '%1 hits', row.hits);
    const note = row.error || row.note;
    return h(
      'li',
      { class: row.enabled ? '' : 'ag-mod-off' },
      h('label', {}, toggle, h('code', { title: row.text }, row.text)),
      h('span', { class: row.hits ? 'ag-Hits ag-mod-hit' : 'ag-Hits' }, hits),
      h(
        'button',
        {
          type: 'button',
          class: 'ag-Icon',
          title: trans.__('Delete'),
          'aria-label': trans.__('Delete breakpoint %1', row.number),
          'data-key': `delete-${row.number}`,
          onclick: () => this._do('clear', { number: row.number }),
        },
        icon(BIN),
      ),
      note && h('p', { class: row.error ? 'ag-Error' : 'ag-Muted' }, note),
    );
  }

  private readonly _add = async (event: Event): Promise<void> => {
    event.preventDefault();
    const text = this._input.value.trim();
    if (text && (await this._do('break', { text }))) {
      this._input.value = '';
    }
  };

  private async _do(command: string, given: Arguments): Promise<boolean> {
    const error = await this._link?.ask(command, given);
    this._error.textContent = error ?? '';
    this._input.setAttribute('aria-invalid', String(!!error));
    return !error;
  }
}
