// @vitest-environment happy-dom

import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { hidePictures } from '../src/inline/pictures.js';

/** The callbacks of ResizeObservers, which a page without a layout never calls. */
let placed: (() => void)[] = [];

beforeEach(() => {
  placed = [];
  vi.stubGlobal(
    'ResizeObserver',
    class {
      constructor(callback: () => void) {
        placed.push(callback);
      }
      observe(): void {
        // The test says when.
      }
      disconnect(): void {
        // nothing
      }
    },
  );
});

afterEach(() => {
  vi.unstubAllGlobals();
  document.body.replaceChildren();
});

function output(content: string): HTMLElement {
  const made = document.createElement('div');
  made.className = 'jp-OutputArea-child';
  if (content === 'widget') made.append(document.createElement('main'));
  if (content === 'svg') {
    const svg = document.createElementNS('http://www.w3.org/2000/svg', 'svg');
    svg.setAttribute('data-autograd-picture', '');
    made.append(svg);
  }
  if (content.startsWith('data:')) {
    const img = document.createElement('img');
    img.setAttribute('src', content);
    made.append(img);
  }
  return made;
}

test('pictures of the same cell are hidden while the widget is there', async () => {
  const area = document.createElement('div');
  area.className = 'jp-OutputArea';
  const marked = 'data:image/svg+xml,%3Csvg%20data-autograd-picture%3D%22%22%3E';
  const outputs = ['widget', 'text', 'svg', marked, 'data:image/png;base64,AAAA'].map(output);
  area.append(...outputs);
  const elsewhere = output('svg');
  document.body.append(area, elsewhere);
  const show = hidePictures(outputs[0]!.querySelector('main')!);
  for (const call of placed) call();
  const hidden = (): boolean[] => outputs.map(one => one.style.display === 'none');
  expect(hidden()).toEqual([false, false, true, true, false]);
  expect(elsewhere.style.display).toBe('');
  const late = output('svg');
  area.append(late);
  await vi.waitFor(() => expect(late.style.display).toBe('none'));
  show();
  expect(hidden()).toEqual([false, false, false, false, false]);
  expect(late.style.display).toBe('');
});
