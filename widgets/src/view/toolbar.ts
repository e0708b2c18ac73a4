/** The bar on top: what the run does, the buttons that drive it, search, and the view. */

import { Emitter } from '../model/emitter.js';
import type { State } from '../protocol/messages.js';
import { SAYS, saysOf, VERBS, type Verb } from '../transport/verbs.js';
import { fill, h, icon, on, setAttributes } from './dom.js';
import { ICONS, type IconName } from './icons.js';
import { trans } from '../trans.js';

export type ViewAction = 'fit' | 'current' | 'expand' | 'collapse' | 'code' | 'tree' | 'help';
export type ExportKind = 'svg' | 'png' | 'html';

const VIEW: readonly [ViewAction, IconName, string][] = [
  ['fit', 'fit', 'Fit the graph (f)'],
  ['current', 'current', 'Go to the current node (.)'],
  ['expand', 'expand', 'Open all modules'],
  ['collapse', 'collapse', 'Close modules again'],
  ['code', 'code', 'Lines of code in the boxes'],
  ['tree', 'tree', 'Outline beside the graph'],
  ['help', 'help', 'Keys (?)'],
];

export class Toolbar {
  readonly element: HTMLElement;
  readonly verb = new Emitter<Verb>();
  readonly action = new Emitter<ViewAction>();
  readonly exported = new Emitter<ExportKind>();
  readonly searched = new Emitter<string>();
  /** Enter in the search box: go to the next (or with Shift the one before). */
  readonly stepped = new Emitter<1 | -1>();
  readonly refused = new Emitter<string>();
  readonly search = h('input', {
    type: 'search',
    class: 'ag-search',
    placeholder: trans.__('Search op, module, name, line'),
    'aria-label': trans.__('Search nodes by op, module, parameter or line'),
    spellcheck: 'false',
  });

  private readonly status = h('span', { class: 'ag-status' });
  private readonly hits = h('span', { class: 'ag-hits', 'aria-live': 'polite' });
  private readonly verbs = new Map<Verb, HTMLButtonElement>();
  private readonly actions = new Map<ViewAction, HTMLButtonElement>();

  constructor() {
    const transport = h('div', {
      class: 'ag-group ag-verbs',
      role: 'toolbar',
      'aria-label': trans.__('Debugger'),
    });
    for (const verb of VERBS) transport.append(this.verbButton(verb));
    const view = h('div', { class: 'ag-group', role: 'toolbar', 'aria-label': trans.__('View') });
    for (const [action, name, says] of VIEW) {
      view.append(this.actionButton(action, name, trans.__(says)));
    }
    view.append(this.exportMenu());
    const find = h('label', { class: 'ag-find' }, icon(ICONS.search), this.search, this.hits);
    this.element = h('div', { class: 'ag-bar' }, this.status, transport, find, view);
    on(this.search, 'input', () => this.searched.emit(this.search.value));
    on(this.search, 'keydown', event => this.searchKey(event));
  }

  /** Leave out what a host shows itself. */
  withoutVerbs(): void {
    this.element.querySelector('.ag-verbs')?.remove();
    this.status.remove();
  }

  /** Grey out what does not work now; the reason is in the tooltip, and said when it is tried. */
  showVerbs(state: State, whyNot: (verb: Verb) => string | null): void {
    for (const [verb, button] of this.verbs) {
      const reason = whyNot(verb);
      const { key } = SAYS[verb];
      const says = saysOf(verb, state);
      setAttributes(button, {
        'aria-disabled': reason === null ? null : 'true',
        title: reason === null ? `${says} (${key})` : `${says}: ${reason}`,
      });
      button.dataset['reason'] = reason ?? '';
    }
  }

  showStatus(kind: 'live' | 'running' | 'paused' | 'recorded', text: string): void {
    if (this.status.dataset['kind'] === kind && this.status.textContent === text) return;
    this.status.dataset['kind'] = kind;
    fill(this.status, kind === 'paused' && icon(ICONS.pause), text);
  }

  showPressed(action: ViewAction, pressed: boolean): void {
    this.actions.get(action)?.setAttribute('aria-pressed', String(pressed));
  }

  showHits(text: string): void {
    this.hits.textContent = text;
  }

  private verbButton(verb: Verb): HTMLButtonElement {
    const { key } = SAYS[verb];
    const label = trans.__(SAYS[verb].label);
    const button = h(
      'button',
      { type: 'button', class: `ag-verb ag-${verb}`, 'aria-keyshortcuts': key, 'data-verb': verb },
      icon(ICONS[verb]),
      h('span', {}, label),
    );
    on(button, 'click', () => {
      const reason = button.dataset['reason'];
      if (reason) this.refused.emit(`${label}: ${reason}`);
      else this.verb.emit(verb);
    });
    this.verbs.set(verb, button);
    return button;
  }

  private actionButton(action: ViewAction, name: IconName, says: string): HTMLButtonElement {
    const attributes = { type: 'button', title: says, 'aria-label': says, 'data-action': action };
    const button = h('button', attributes, icon(ICONS[name]));
    on(button, 'click', () => this.action.emit(action));
    this.actions.set(action, button);
    return button;
  }

  private exportMenu(): HTMLElement {
    const says = trans.__('Save the picture');
    const summary = h('summary', { title: says, 'aria-label': says }, icon(ICONS.export));
    const menu = h('details', { class: 'ag-menu' }, summary);
    const list = h('div', { class: 'ag-menulist', role: 'group' });
    for (const kind of ['svg', 'png', 'html'] as const) {
      const button = h('button', { type: 'button', 'data-export': kind }, kind.toUpperCase());
      on(button, 'click', () => {
        menu.open = false;
        this.exported.emit(kind);
      });
      list.append(button);
    }
    menu.append(list);
    on(menu, 'keydown', event => {
      if (event.key !== 'Escape' || !menu.open) return;
      menu.open = false;
      summary.focus();
      event.stopPropagation();
    });
    on(menu, 'focusout', event => {
      if (!menu.contains(event.relatedTarget as Node | null)) menu.open = false;
    });
    return menu;
  }

  private searchKey(event: KeyboardEvent): void {
    if (event.key === 'Enter') this.stepped.emit(event.shiftKey ? -1 : 1);
    else if (event.key === 'Escape' && this.search.value) {
      this.search.value = '';
      this.searched.emit('');
    } else {
      if (event.key !== 'Escape') event.stopPropagation();
      return;
    }
    event.preventDefault();
    event.stopPropagation();
  }
}
