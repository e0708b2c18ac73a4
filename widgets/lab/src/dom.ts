/** Small helpers for DOM: elements from text, and lists that are drawn anew under the focus. */

type Child = Node | string | null | undefined | false;
type Properties = Record<string, string | boolean | ((event: never) => void) | undefined>;

/** An element; strings become text nodes, `on...` listeners, the rest attributes. */
export function h<K extends keyof HTMLElementTagNameMap>(
  tag: K,
  properties: Properties = {},
  ...children: Child[]
): HTMLElementTagNameMap[K] {
  const element = document.createElement(tag);
  for (const [name, value] of Object.entries(properties)) {
    if (typeof value === 'function') {
      element.addEventListener(name.slice(2), value as EventListener);
    } else if (value === true) {
      element.setAttribute(name, '');
    } else if (typeof value === 'string') {
      element.setAttribute(name, value);
    }
  }
  element.append(...children.filter((child): child is Node | string => !!child));
  return element;
}

/** Exchange what is in an element; the focus stays with the same `data-key`. */
export function replace(parent: HTMLElement, ...children: Child[]): void {
  const focused = document.activeElement;
  const key = parent.contains(focused) ? (focused as HTMLElement).dataset.key : undefined;
  parent.replaceChildren(...children.filter((child): child is Node | string => !!child));
  if (key) {
    parent.querySelector<HTMLElement>(`[data-key="${CSS.escape(key)}"]`)?.focus();
  }
}

/** An icon of one path in a 16 by 16 box. */
export function icon(path: string): SVGSVGElement {
  const space = 'http://www.w3.org/2000/svg';
  const svg = document.createElementNS(space, 'svg');
  svg.setAttribute('viewBox', '0 0 16 16');
  svg.setAttribute('aria-hidden', 'true');
  const drawn = document.createElementNS(space, 'path');
  drawn.setAttribute('d', path);
  svg.append(drawn);
  return svg;
}
