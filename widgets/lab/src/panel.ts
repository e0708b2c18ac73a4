/** The panel at the right: it shows one notebook's run and commands it. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { Message } from '@lumino/messaging';
import { Widget } from '@lumino/widgets';

import { h, on } from '../../src/view/dom.js';
import { Bar, type Verb } from './bar.js';
import { BreakpointList } from './breakpoint_list.js';
import { button, section, setText } from './dom.js';
import { GraphView } from './graph_view.js';
import { panelIcon } from './icons.js';
import type { Arguments, Link } from './link.js';
import { ParameterTable } from './parameters.js';
import { StopView } from './stop_view.js';
import { describe } from './words.js';

/** Milliseconds in which the next input box may come. */
const FOCUS_IS_KEPT = 1000;
/** Milliseconds after which a run that goes on is shown as running. */
const RUNS_LONG = 200;

export class Panel extends Widget {
  /** How often a second the panel is drawn anew at most. */
  rate = 20;
  readonly graph = new GraphView();
  private readonly name = h('span', { class: 'ag-Notebook' });
  private readonly status = h('strong');
  private readonly reason = h('span', { class: 'ag-Reason' });
  private readonly card: HTMLElement;
  private readonly error = h('p', { class: 'ag-Error', role: 'alert' });
  private readonly load: HTMLButtonElement;
  private readonly bar: Bar;
  private readonly breakpoints: BreakpointList;
  private readonly stop: StopView;
  private readonly parameters: ParameterTable;
  private readonly stopSections: HTMLElement[];
  private readonly graphSection: HTMLElement;
  private current: Link | null = null;
  private unlisten: (() => void) | null = null;
  private timer = 0;
  private drawn = 0;
  private runsSince = 0;

  constructor(private readonly trans: TranslationBundle) {
    super();
    this.id = 'autograd-core-panel';
    this.addClass('ag-Panel');
    this.title.icon = panelIcon;
    this.title.caption = trans.__('Autograd: the debugger of a running backward');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Autograd'));
    this.node.tabIndex = -1;
    on(this.node, 'keydown', event => this.onKey(event));
    const live = { role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' };
    this.card = h('div', { class: 'ag-Status', ...live }, this.status, this.reason);
    this.load = button({ class: 'ag-Load' }, () => this.onLoad(), trans.__('Load autograd_core'));
    this.bar = new Bar((verb, given) => this.command(verb, given), trans);
    this.breakpoints = new BreakpointList(trans);
    this.stop = new StopView(trans);
    this.parameters = new ParameterTable(trans, name => this.graph.choose(name));
    this.stopSections = [
      section('context', trans.__('Call context'), this.stop.context),
      section('gradients', trans.__('Gradient'), this.stop.gradients),
      section('saved', trans.__('Saved tensors'), this.stop.saved),
    ];
    this.graphSection = section('graph', trans.__('Graph'), this.graph.node);
    on(this.graphSection, 'toggle', () => this.draw());
    const head = [
      h('header', {}, h('h2', {}, trans.__('Autograd')), this.name),
      this.card,
      this.load,
      this.bar.node,
      this.error,
    ];
    const body = [
      section('breakpoints', trans.__('Breakpoints'), this.breakpoints.node),
      ...this.stopSections,
      this.graphSection,
      section('parameters', trans.__('Parameters'), this.parameters.node),
    ];
    this.node.append(
      h('div', { class: 'ag-Top' }, ...head),
      h('div', { class: 'ag-Body' }, ...body),
    );
    this.draw();
  }

  /** The notebook that is shown. */
  get link(): Link | null {
    return this.current;
  }

  set link(link: Link | null) {
    this.unlisten?.();
    this.current = link;
    this.error.textContent = '';
    this.unlisten = link?.changed.on(() => this.changed()) ?? null;
    this.draw();
  }

  /** Command the paused run; show the sentence of the kernel if it refuses. */
  async command(verb: Verb, given: Arguments = {}): Promise<void> {
    const { link } = this;
    this.keepFocus();
    const error = await link?.ask(verb, given);
    if (link === this.link) this.error.textContent = error ?? '';
  }

  /** As a click on the button of a command. */
  press(verb: Verb): void {
    this.bar.press(verb);
  }

  /** Put the cursor where conditions are typed. */
  typeBreakpoint(): void {
    const part = this.breakpoints.node.closest('details');
    if (part) part.open = true;
    this.breakpoints.node.querySelector<HTMLInputElement>('form input')?.focus();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.draw();
  }

  protected override onUpdateRequest(message: Message): void {
    super.onUpdateRequest(message);
    this.draw();
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.graph.update(null);
  }

  /** The next input box takes the focus; whoever works in the panel gets it back, once. */
  private keepFocus(): void {
    const focused = document.activeElement;
    if (!(focused instanceof HTMLElement) || !this.node.contains(focused)) return;
    const end = new AbortController();
    const { signal } = end;
    const there = new Set(document.querySelectorAll('.jp-Stdin-input'));
    const giveBack = ({ target }: FocusEvent): void => {
      if (!(target instanceof Element) || !target.matches('.jp-Stdin-input')) return;
      if (!there.has(target)) end.abort();
      if (!there.has(target) || target.closest('.jp-OutputArea-stdin-hiding')) focused.focus();
    };
    document.addEventListener('focusin', giveBack, { signal });
    document.addEventListener('pointerdown', () => end.abort(), { signal });
    window.setTimeout(() => end.abort(), FOCUS_IS_KEPT);
  }

  /** Draw as soon as `rate` allows. */
  private changed(): void {
    const { link } = this;
    const now = Date.now();
    const running = link?.contact === 'there' && link.state.status === 'running';
    if (!running) this.runsSince = 0;
    else if (!this.runsSince) this.runsSince = now;
    // A step is short: what is shown stays until the next stop, unless that takes long.
    const due = Math.max(this.drawn + 1000 / this.rate, running ? this.runsSince + RUNS_LONG : 0);
    window.clearTimeout(this.timer);
    this.timer = window.setTimeout(() => this.draw(), Math.max(due - now, 0));
  }

  private draw(): void {
    window.clearTimeout(this.timer);
    this.drawn = Date.now();
    const { link } = this;
    const words = describe(link, this.trans);
    this.name.textContent = link?.notebook.title.label ?? '';
    this.card.dataset['kind'] = words.kind;
    setText(this.status, words.status);
    setText(this.reason, words.reason);
    const unloaded = link?.contact === 'not loaded' || link?.contact === 'gone';
    this.load.hidden = !unloaded || !link.hasKernel;
    this.bar.update(link);
    this.breakpoints.update(link);
    const stopped = this.stop.update(link);
    for (const part of this.stopSections) {
      part.hidden = !stopped;
      part.classList.toggle('ag-mod-record', !link?.paused);
    }
    const seen = this.isVisible && (this.graphSection as HTMLDetailsElement).open;
    this.graphSection.hidden = !link?.model.id;
    this.graph.update(seen ? link : null);
    this.parameters.update(link);
  }

  private async onLoad(): Promise<void> {
    this.error.textContent = (await this.link?.load()) ?? '';
  }

  private onKey(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    const typing = target.matches('input:not([type=checkbox]), select');
    if (typing || event.ctrlKey || event.metaKey || event.altKey) return;
    const verb = this.bar.ofKey(event.key);
    if (!verb) return;
    event.preventDefault();
    event.stopPropagation();
    this.press(verb);
  }
}
