/** The panel at the right: it shows one notebook's run and commands it. */

import { TranslationBundle } from '@jupyterlab/translation';
import { Widget } from '@lumino/widgets';

import { BreakpointList } from './breakpoint_list';
import { h } from './dom';
import { panelIcon } from './icons';
import { Link } from './link';
import { Arguments } from './protocol';
import { StopView } from './stop_view';
import { Transport } from './transport';
import { describe } from './words';

/** Milliseconds in which the next input box may come. */
const FOCUS_IS_KEPT = 1000;
/** Milliseconds after which a run that goes on is shown as running. */
const RUNS_LONG = 200;

export class Panel extends Widget {
  private readonly _name = h('span', { class: 'ag-Notebook' });
  private readonly _status = h('strong');
  private readonly _reason = h('span', { class: 'ag-Reason' });
  private readonly _live: HTMLElement;
  private readonly _error = h('p', { class: 'ag-Error', role: 'alert' });
  private readonly _load: HTMLButtonElement;
  private readonly _transport: Transport;
  private readonly _breakpoints: BreakpointList;
  private readonly _stop: StopView;
  private readonly _stopSections: HTMLElement[];
  private _link: Link | null = null;
  private _timer = 0;
  private _drawn = 0;

  /** How often a second the panel is drawn anew at most. */
  rate = 20;

  constructor(private readonly _trans: TranslationBundle) {
    super();
    this.id = 'autograd-core-panel';
    this.addClass('ag-Panel');
    this.title.icon = panelIcon;
    this.title.caption = _trans.__('Autograd: the debugger of a running backward');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', _trans.__('Autograd'));
    this.node.tabIndex = -1;
    this.node.addEventListener('keydown', this._onKey);
    this._live = h(
      'div',
      { class: 'ag-Status', role: 'status', 'aria-live': 'polite', 'aria-atomic': 'true' },
      this._status,
      this._reason,
    );
    this._load = h(
      'button',
      { type: 'button', class: 'ag-Load', onclick: this._onLoad },
      _trans.__('Load autograd_core'),
    );
    this._transport = new Transport((verb, given) => this.command(verb, given), _trans);
    this._breakpoints = new BreakpointList(_trans);
    this._stop = new StopView(_trans);
    this._stopSections = [
      section(_trans.__('Call context'), this._stop.context),
      section(_trans.__('Gradients'), this._stop.gradients),
      section(_trans.__('Saved tensors'), this._stop.saved),
    ];
    this.node.append(
      h('header', {}, h('h2', {}, _trans.__('Autograd')), this._name),
      this._live,
      this._load,
      this._transport.node,
      this._error,
      ...this._stopSections,
      section(_trans.__('Breakpoints'), this._breakpoints.node),
    );
    this._draw();
  }

  /** The notebook that is shown. */
  get link(): Link | null {
    return this._link;
  }

  set link(link: Link | null) {
    this._link?.changed.disconnect(this._onChange, this);
    this._link = link;
    this._error.textContent = '';
    link?.changed.connect(this._onChange, this);
    this._draw();
  }

  /** Command the paused run; show the sentence of the kernel if it refuses. */
  async command(verb: string, given: Arguments = {}): Promise<void> {
    const link = this._link;
    this._keepFocus();
    const error = await link?.command(verb, given);
    if (link === this._link) {
      this._error.textContent = error ?? '';
    }
  }

  /** The next input box takes the focus; whoever works in the panel gets it back. */
  private _keepFocus(): void {
    const focused = document.activeElement;
    if (!(focused instanceof HTMLElement) || !this.node.contains(focused)) {
      return;
    }
    const end = new AbortController();
    const { signal } = end;
    const giveBack = (event: FocusEvent): void => {
      if ((event.target as HTMLElement).matches('.jp-Stdin-input')) {
        focused.focus();
      }
    };
    document.addEventListener('focusin', giveBack, { signal });
    document.addEventListener('pointerdown', () => end.abort(), { signal });
    window.setTimeout(() => end.abort(), FOCUS_IS_KEPT);
  }

  /** As a click on the button of a command. */
  press(verb: string): void {
    this._transport.press(verb);
  }

  /** Draw as soon as `rate` allows. */
  private _onChange(): void {
    // A step is short: what is shown stays until the next stop, unless that takes long.
    const running = this._link?.contact === 'there' && this._link.state.status === 'running';
    const wait = running ? RUNS_LONG : this._drawn + 1000 / this.rate - Date.now();
    window.clearTimeout(this._timer);
    if (wait <= 0) {
      this._draw();
    } else {
      this._timer = window.setTimeout(() => this._draw(), wait);
    }
  }

  private _draw(): void {
    window.clearTimeout(this._timer);
    this._drawn = Date.now();
    const link = this._link;
    const words = describe(link, this._trans);
    this._name.textContent = link?.notebook.title.label ?? '';
    this._live.dataset.kind = words.kind;
    setText(this._status, words.status);
    setText(this._reason, words.reason);
    this._load.hidden = link?.contact !== 'not loaded' && link?.contact !== 'gone';
    this._transport.update(link);
    this._breakpoints.update(link);
    const shown = this._stop.update(link);
    for (const part of this._stopSections) {
      part.hidden = !shown;
      part.classList.toggle('ag-mod-record', !link?.paused);
    }
  }

  private readonly _onLoad = async (): Promise<void> => {
    this._error.textContent = (await this._link?.load()) ?? '';
  };

  private readonly _onKey = (event: KeyboardEvent): void => {
    const typing = (event.target as HTMLElement).matches('input:not([type=checkbox]), select');
    if (typing || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const verb = this._transport.ofKey(event.key);
    if (verb) {
      event.preventDefault();
      event.stopPropagation();
      this.press(verb);
    }
  };
}

function section(title: string, content: HTMLElement): HTMLElement {
  return h('section', {}, h('h3', {}, title), content);
}

/** Leave text alone that is the same: a live region reads out what is set. */
function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}
