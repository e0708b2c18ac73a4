/** What the panel needs beside the renderer's helpers. */

import { fill, h, on } from '../../src/view/dom.js';

type Child = Node | string | null | undefined | false;
type Attributes = Readonly<Record<string, string | number | boolean | null | undefined>>;

/** A button that does something. */
export function button(
  attributes: Attributes,
  act: () => unknown,
  ...children: Child[]
): HTMLButtonElement {
  const made = h('button', { type: 'button', ...attributes }, ...children);
  on(made, 'click', act);
  return made;
}

/** Exchange what is in an element; the focus stays with the same `data-key`. */
export function replace(parent: HTMLElement, ...children: Child[]): void {
  const focused = document.activeElement;
  const key =
    focused instanceof HTMLElement && parent.contains(focused) ? focused.dataset['key'] : undefined;
  fill(parent, ...children);
  if (key) parent.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
}

/** Leave text alone that is the same: a live region reads out what is set. */
export function setText(element: HTMLElement, text: string): void {
  if (element.textContent !== text) element.textContent = text;
}

/** A part of the panel that can be folded; what was folded stays so when the page comes back. */
export function section(name: string, title: string, ...content: HTMLElement[]): HTMLElement {
  const heading = h('summary', { 'data-key': `section-${name}` }, h('h3', {}, title));
  const part = h('details', { class: 'ag-Section', 'data-section': name }, heading, ...content);
  part.open = !folded().includes(name);
  on(part, 'toggle', () => {
    const others = folded().filter(other => other !== name);
    window.localStorage.setItem(FOLDED, JSON.stringify(part.open ? others : [...others, name]));
  });
  return part;
}

const FOLDED = 'autograd-core:folded';

function folded(): string[] {
  try {
    const known: unknown = JSON.parse(window.localStorage.getItem(FOLDED) ?? '["saved"]');
    return Array.isArray(known) ? known.map(String) : [];
  } catch {
    return [];
  }
}
