/** Questions and help over the graph, in the browser's own dialog: focus stays inside. */

import { SAYS, VERBS } from '../transport/verbs.js';
import { h, on } from './dom.js';
import { trans } from '../trans.js';

/** Shows a dialog and takes it away when it was closed. */
function open(root: HTMLElement, dialog: HTMLDialogElement): void {
  root.append(dialog);
  on(dialog, 'close', () => dialog.remove());
  on(dialog, 'keydown', event => event.stopPropagation());
  dialog.showModal();
}

/** Keys and what they do, to be translated. */
const KEYS: readonly (readonly [string, string])[] = [
  ['c or F8', SAYS.continue.says],
  ...VERBS.filter(verb => verb !== 'continue').map(
    verb => [SAYS[verb].key, SAYS[verb].says] as const,
  ),
  ['b', 'Set or remove a breakpoint on the selected box'],
  ['/', 'Search'],
  ['.', 'Go to the current node'],
  ['f', 'Fit the graph'],
  ['+ and -', 'Zoom'],
  ['Arrows', 'Move in the outline; left and right close and open modules'],
  ['[ and ]', 'The step before, the step after (recorded)'],
  ['Enter', 'Open or close the selected module'],
  ['Esc', 'Leave the graph'],
];

/** A key's name; a single sign is what is on the key. */
const keyName = (key: string): string => (key.length > 1 ? trans.__(key) : key);

export function showHelp(root: HTMLElement): void {
  const rows = KEYS.map(([key, says]) =>
    h('tr', {}, h('th', { scope: 'row' }, h('kbd', {}, keyName(key))), h('td', {}, trans.__(says))),
  );
  const close = h('button', { type: 'button' }, trans.__('Close'));
  const dialog = h(
    'dialog', { class: 'ag-dialog', 'aria-label': trans.__('Keys') },
    h('h2', {}, trans.__('Keys')),
    h('p', { class: 'ag-quiet' }, trans.__('They work while the graph has the focus. Ctrl and the wheel zoom; so does the wheel alone once you clicked into the graph.')),
    h('table', {}, ...rows), close,
  ); // prettier-ignore
  on(close, 'click', () => dialog.close());
  open(root, dialog);
}

/** Ask for the expression that becomes the gradient. */
export function askForEdit(
  root: HTMLElement,
  outputs: readonly string[],
  done: (expression: string, output: number) => void,
): void {
  const input = h('input', {
    type: 'text',
    value: 'grad * 0.5',
    'aria-label': trans.__('Expression'),
    spellcheck: 'false',
  });
  const choice = h('select', { 'aria-label': trans.__('Which gradient') });
  for (const [n, says] of outputs.entries()) choice.append(h('option', { value: n }, says));
  const cancel = h('button', { type: 'button' }, trans.__('Cancel'));
  const form = h(
    'form', { method: 'dialog' },
    h('h2', {}, trans.__('Edit the gradient')),
    h('p', { class: 'ag-quiet' }, trans.__('An expression of Python; grad is the gradient that arrived. It is of the same shape, and what runs after this uses it.')),
    outputs.length > 1 && choice,
    input,
    h('div', { class: 'ag-buttons' }, cancel, h('button', { class: 'ag-primary' }, trans.__('Apply'))),
  ); // prettier-ignore
  const dialog = h(
    'dialog',
    { class: 'ag-dialog', 'aria-label': trans.__('Edit the gradient') },
    form,
  );
  on(cancel, 'click', () => dialog.close());
  on(form, 'submit', () => {
    if (input.value.trim()) done(input.value.trim(), Number(choice.value || 0));
  });
  open(root, dialog);
  input.select();
}
