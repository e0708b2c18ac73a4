/** The style sheet, put once into the document or shadow root around an element. */

import css from './style.css';

const MARK = 'data-autograd-core';

export function addStyle(element: HTMLElement): void {
  const root = element.getRootNode();
  const home = root instanceof ShadowRoot ? root : document.head;
  if (home.querySelector(`style[${MARK}]`)) return;
  const style = document.createElement('style');
  style.setAttribute(MARK, '');
  style.textContent = css;
  home.append(style);
}
