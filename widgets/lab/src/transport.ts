/** The buttons that command the paused run, and the line of text that some of them ask for. */

import { TranslationBundle } from '@jupyterlab/translation';

import { h, icon } from './dom';
import { Link } from './link';
import { Arguments } from './protocol';
import { reasonAgainst, Verb, verbs } from './verbs';

type Run = (verb: string, given?: Arguments) => Promise<void>;

export class Transport {
  readonly node: HTMLElement;
  private readonly _buttons = new Map<Verb, HTMLButtonElement>();
  private readonly _form: HTMLFormElement;
  private readonly _label = h('label', { for: 'ag-Ask-text' });
  private readonly _input = h('input', {
    id: 'ag-Ask-text',
    type: 'text',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  private readonly _output = h('select');
  private readonly _outputLabel: HTMLLabelElement;
  private _asking: Verb | null = null;
  private _outputs = 0;

  constructor(
    private readonly _run: Run,
    private readonly _trans: TranslationBundle,
  ) {
    this._outputLabel = h('label', {}, _trans.__('of output'), ' ', this._output);
    this._form = h(
      'form',
      { class: 'ag-Ask', hidden: true, onsubmit: this._submit, onkeydown: this._onKey },
      this._label,
      h('div', { class: 'ag-Row' }, this._input, h('button', { type: 'submit' }, _trans.__('Go'))),
      this._outputLabel,
    );
    const bar = h('div', {
      class: 'ag-Transport',
      role: 'toolbar',
      'aria-label': _trans.__('Commands for the paused run'),
    });
    for (const verb of verbs(_trans)) {
      const button = h(
        'button',
        { type: 'button', 'data-verb': verb.name, onclick: () => this.press(verb.name) },
        icon(verb.icon),
        h('span', {}, verb.label),
      );
      this._buttons.set(verb, button);
      bar.append(button);
    }
    this.node = h('div', {}, bar, this._form);
  }

  /** Show what can be done now. */
  update(link: Link | null): void {
    for (const [verb, button] of this._buttons) {
      const against = reasonAgainst(verb.name, link, this._trans);
      // aria-disabled, not disabled: the focus stays, and the reason can be read.
      button.setAttribute('aria-disabled', String(against !== null));
      button.title = against ?? `${verb.hint} (${verb.key})`;
    }
    this._updateOutputs(link?.state.gradients?.length ?? 0);
    if (this._asking && reasonAgainst(this._asking.name, link, this._trans) !== null) {
      this._ask(null);
    }
  }

  /** As a click on the button. */
  press(name: string): void {
    for (const [verb, button] of this._buttons) {
      if (verb.name !== name || button.getAttribute('aria-disabled') === 'true') {
        continue;
      }
      if (verb.asks) {
        this._ask(this._asking === verb ? null : verb);
      } else {
        void this._run(verb.name);
      }
    }
  }

  /** The button that a key stands for; null if none does. */
  ofKey(key: string): string | null {
    return [...this._buttons.keys()].find(verb => verb.key === key)?.name ?? null;
  }

  private _ask(verb: Verb | null): void {
    this._asking = verb;
    this._form.hidden = verb === null;
    for (const [other, button] of this._buttons) {
      if (other.asks) {
        button.setAttribute('aria-expanded', String(other === verb));
      }
    }
    if (verb?.asks) {
      this._label.textContent = verb.asks.label;
      this._input.placeholder = verb.asks.example;
      this._input.value = '';
      this._outputLabel.hidden = verb.name !== 'edit' || this._outputs < 2;
      this._input.focus();
    }
  }

  private readonly _submit = (event: Event): void => {
    event.preventDefault();
    const verb = this._asking;
    const text = this._input.value.trim();
    if (!verb || !text) {
      return;
    }
    const output = Number(this._output.value || 0);
    this._ask(null);
    void this._run(
      verb.name,
      verb.name === 'edit' ? { expression: text, output } : { target: text },
    );
  };

  private readonly _onKey = (event: KeyboardEvent): void => {
    if (event.key === 'Escape') {
      const verb = this._asking;
      this._ask(null);
      this._buttons.get(verb!)?.focus();
    }
    event.stopPropagation();
  };

  private _updateOutputs(count: number): void {
    if (count === this._outputs) {
      return;
    }
    this._outputs = count;
    this._output.replaceChildren(
      ...Array.from({ length: count }, (_, i) => h('option', { value: String(i) }, String(i))),
    );
  }
}
