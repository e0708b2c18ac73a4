/** The breakpoints of the active notebook's kernel: add, toggle, delete, see how often they hit. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Breakpoint } from '../../src/protocol/messages.js';
import { h, icon, on } from '../../src/view/dom.js';
import { button, replace } from './dom.js';
import type { Arguments, Link } from './link.js';

const BIN = 'M6 2h4v1h4v1.5H2V3h4zM3.5 6h9L12 14.5H4z';
const EXAMPLES = ['nan', 'norm > 1e4', 'op:Tanh', 'module:encoder.*', 'zeros > 0.9'];

export class BreakpointList {
  readonly node: HTMLElement;
  private readonly rows = h('ul', { class: 'ag-Breakpoints' });
  private readonly error = h('p', { class: 'ag-Error', role: 'alert', id: 'ag-Break-error' });
  private readonly input: HTMLInputElement;
  private readonly button: HTMLButtonElement;
  private link: Link | null = null;
  private shown: readonly Breakpoint[] | null = null;

  constructor(private readonly trans: TranslationBundle) {
    this.input = h('input', {
      type: 'text',
      'aria-label': trans.__('Condition of a new breakpoint'),
      'aria-describedby': 'ag-Break-error',
      placeholder: trans.__('nan, op:Tanh, norm > 1e4 …'),
      list: 'ag-Break-examples',
      autocomplete: 'off',
      spellcheck: 'false',
    });
    this.button = h('button', { type: 'submit' }, trans.__('Add'));
    const form = h('form', { class: 'ag-Row' }, this.input, this.button);
    on(form, 'submit', event => {
      event.preventDefault();
      void this.add();
    });
    const examples = EXAMPLES.map(value => h('option', { value }));
    const list = h('datalist', { id: 'ag-Break-examples' }, ...examples);
    this.node = h('div', {}, this.rows, form, list, this.error);
  }

  update(link: Link | null): void {
    if (link !== this.link) {
      this.link = link;
      this.error.textContent = '';
    }
    this.input.disabled = this.button.disabled = link?.contact !== 'there';
    const breakpoints = link?.breakpoints ?? [];
    if (breakpoints === this.shown) return;
    this.shown = breakpoints;
    replace(this.rows, ...breakpoints.map(breakpoint => this.row(breakpoint)));
  }

  private row(breakpoint: Breakpoint): HTMLElement {
    const { trans } = this;
    const { number, text, enabled, hits, error, note } = breakpoint;
    const toggle = h('input', {
      type: 'checkbox',
      'aria-label': trans.__('Breakpoint %1: %2', number, text),
      'data-key': `toggle-${number}`,
    });
    toggle.checked = enabled;
    on(toggle, 'change', () => void this.ask(enabled ? 'disable' : 'enable', { number }));
    const bin = {
      class: 'ag-Icon',
      title: trans.__('Delete'),
      'aria-label': trans.__('Delete breakpoint %1', number),
      'data-key': `delete-${number}`,
    };
    const said = error || note;
    return h(
      'li',
      { class: enabled ? '' : 'ag-mod-off' },
      h('label', {}, toggle, h('code', { title: text }, text)),
      h(
        'span',
        { class: hits ? 'ag-Hits ag-mod-hit' : 'ag-Hits' },
        trans._n('%1 hit', '%1 hits', hits),
      ),
      button(bin, () => this.ask('clear', { number }), icon(BIN)),
      said && h('p', { class: error ? 'ag-Error' : 'ag-Muted' }, said),
    );
  }

  private async add(): Promise<void> {
    const text = this.input.value.trim();
    const added = text !== '' && (await this.ask('break', { text }));
    if (added && this.input.value.trim() === text) this.input.value = ''; // unless the next is typed
  }

  private async ask(command: string, given: Arguments): Promise<boolean> {
    const error = (await this.link?.ask(command, given)) ?? null;
    this.error.textContent = error ?? '';
    this.input.setAttribute('aria-invalid', String(error !== null));
    return error === null;
  }
}
