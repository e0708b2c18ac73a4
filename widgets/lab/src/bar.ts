/** The buttons that command the paused run, and the line of text that some of them ask for. */

import type { TranslationBundle } from '@jupyterlab/translation';

import { RECORDED, SAYS, VERBS, whyNot, type Verb } from '../../src/transport/verbs.js';
import { h, icon, on } from '../../src/view/dom.js';
import { ICONS } from '../../src/view/icons.js';
import { button } from './dom.js';
import type { Arguments, Link } from './link.js';

export { VERBS, type Verb };

/** In the panel they ask for text: a condition to run to, an expression for the gradient. */
const ASKS = { until: 'op:Tanh, norm > 1e4, module:encoder.*', edit: 'grad * 0.1' } as const;

type Run = (verb: Verb, given?: Arguments) => Promise<void>;

/** Whether a verb asks for a line of text first. */
export function asks(verb: Verb): verb is keyof typeof ASKS {
  return verb in ASKS;
}

export function labelOf(verb: Verb, trans: TranslationBundle): string {
  return verb === 'until' ? trans.__('Until…') : trans.__(SAYS[verb].label);
}

/** What it does, in a sentence. */
export function hintOf(verb: Verb, trans: TranslationBundle): string {
  return verb === 'until'
    ? trans.__('Run until a condition holds or a node is reached')
    : trans.__(SAYS[verb].says);
}

/** Why a command can't be taken now, in words; null if it can. */
export function reasonAgainst(
  verb: Verb,
  link: Link | null,
  trans: TranslationBundle,
): string | null {
  if (link?.contact === 'gone') return trans.__(RECORDED);
  if (!link?.paused) return trans.__('nothing is paused');
  const any = { target: '?', done: false };
  return whyNot(verb, link.model, link.channel, any);
}

export class Bar {
  readonly node: HTMLElement;
  private readonly buttons = new Map<Verb, HTMLButtonElement>();
  private readonly form: HTMLFormElement;
  private readonly label = h('label', { for: 'ag-Ask-text' });
  private readonly input = h('input', {
    id: 'ag-Ask-text',
    type: 'text',
    autocomplete: 'off',
    spellcheck: 'false',
  });
  private readonly output = h('select');
  private readonly outputLabel: HTMLLabelElement;
  private asking: Verb | null = null;
  private outputs = 0;

  constructor(
    private readonly run: Run,
    private readonly trans: TranslationBundle,
  ) {
    this.outputLabel = h('label', {}, trans.__('of output'), ' ', this.output);
    const go = h('button', { type: 'submit' }, trans.__('Go'));
    const line = h('div', { class: 'ag-Row' }, this.input, go);
    this.form = h('form', { class: 'ag-Ask', hidden: true }, this.label, line, this.outputLabel);
    on(this.form, 'submit', event => this.submit(event));
    on(this.form, 'keydown', event => this.onKey(event));
    const bar = h('div', {
      class: 'ag-Transport',
      role: 'toolbar',
      'aria-label': trans.__('Commands of the paused run'),
    });
    for (const verb of VERBS) {
      const text = h('span', {}, labelOf(verb, trans));
      const known = { 'data-verb': verb, 'aria-keyshortcuts': SAYS[verb].key };
      const made = button(known, () => this.press(verb), icon(ICONS[verb]), text);
      this.buttons.set(verb, made);
      bar.append(made);
    }
    this.node = h('div', {}, bar, this.form);
  }

  /** Show what can be done now. */
  update(link: Link | null): void {
    for (const [verb, made] of this.buttons) {
      const against = reasonAgainst(verb, link, this.trans);
      // aria-disabled, not disabled: the focus stays, and the reason can be read.
      made.setAttribute('aria-disabled', String(against !== null));
      made.title = against ?? `${hintOf(verb, this.trans)} (${SAYS[verb].key})`;
    }
    this.updateOutputs(link?.state.gradients?.length ?? 0);
    if (this.asking && reasonAgainst(this.asking, link, this.trans) !== null) this.ask(null);
  }

  /** As a click on the button. */
  press(verb: Verb): void {
    if (this.buttons.get(verb)?.getAttribute('aria-disabled') === 'true') return;
    if (asks(verb)) this.ask(this.asking === verb ? null : verb);
    else void this.run(verb);
  }

  /** The verb that a key stands for. */
  ofKey(key: string): Verb | undefined {
    return VERBS.find(verb => SAYS[verb].key === key);
  }

  private ask(verb: keyof typeof ASKS | null): void {
    this.asking = verb;
    this.form.hidden = verb === null;
    for (const [other, made] of this.buttons) {
      if (asks(other)) made.setAttribute('aria-expanded', String(other === verb));
    }
    if (!verb) return;
    this.label.textContent =
      verb === 'until' ? this.trans.__('Run until') : this.trans.__('New gradient');
    this.input.placeholder = ASKS[verb];
    this.input.value = '';
    this.outputLabel.hidden = verb !== 'edit' || this.outputs < 2;
    this.input.focus();
  }

  private submit(event: Event): void {
    event.preventDefault();
    const { asking } = this;
    const text = this.input.value.trim();
    if (!asking || !text) return;
    const output = Number(this.output.value || 0);
    this.ask(null);
    void this.run(asking, asking === 'edit' ? { expression: text, output } : { target: text });
  }

  private onKey(event: KeyboardEvent): void {
    event.stopPropagation();
    if (event.key !== 'Escape' || !this.asking) return;
    this.buttons.get(this.asking)?.focus();
    this.ask(null);
  }

  private updateOutputs(count: number): void {
    if (count === this.outputs) return;
    this.outputs = count;
    this.output.replaceChildren(
      ...Array.from({ length: count }, (_, i) => h('option', { value: i }, String(i))),
    );
  }
}
