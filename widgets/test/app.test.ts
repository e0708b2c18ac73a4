// @vitest-environment happy-dom

import { afterEach, describe, expect, test, vi } from 'vitest';
import type { Builder } from '../demo/builder.js';
import { FakeKernel } from '../demo/kernel.js';
import { hostile, script, transformer } from '../demo/models.js';
import { TraceModel } from '../src/model/trace.js';
import { NoChannel } from '../src/transport/channel.js';
import { Session } from '../src/transport/session.js';
import { mount, type Mounted } from '../src/view/app.js';

interface Shown {
  mounted: Mounted;
  kernel: FakeKernel;
  root: HTMLElement;
  model: TraceModel;
}

let shown: Mounted | null = null;

function show(builder: Builder, pauseAt?: number): Shown {
  const model = new TraceModel();
  const kernel = new FakeKernel(builder);
  const host = document.createElement('div');
  document.body.append(host);
  const mounted = mount(host, { model, session: new Session(model, kernel) });
  shown = mounted;
  kernel.play(pauseAt ?? builder.tables.steps.length);
  if (pauseAt !== undefined) kernel.pause();
  mounted.update();
  return { mounted, kernel, model, root: host.querySelector<HTMLElement>('.ag-root')! };
}

afterEach(() => {
  shown?.dispose();
  document.body.replaceChildren();
});

const texts = (root: HTMLElement, selector: string): string[] =>
  [...root.querySelectorAll(selector)].map(element => element.textContent);

const press = (root: HTMLElement, key: string): boolean =>
  root.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));

const button = (root: HTMLElement, verb: string): HTMLButtonElement =>
  root.querySelector<HTMLButtonElement>(`[data-verb=${verb}]`)!;

test('the outline has a row for each box, with level and place among its siblings', () => {
  const { root } = show(script());
  const rows = [...root.querySelectorAll('[role=treeitem]')];
  expect(rows).toHaveLength(Number(root.dataset['boxes']));
  expect(rows[0]!.getAttribute('aria-expanded')).toBe('true');
  expect(rows.slice(1).map(row => row.getAttribute('aria-posinset'))).toEqual(rows.slice(1).map((_, n) => String(n + 1))); // prettier-ignore
  expect(texts(root, '.ag-name').slice(1, 4)).toEqual(['NllLoss', 'Clip', 'LogSoftmax']);
  expect(rows[1]!.textContent).toContain('NllLoss, norm ');
});

test('the graph is there first, and what is beside it follows by itself', async () => {
  const model = new TraceModel();
  const kernel = new FakeKernel(script());
  const host = document.createElement('div');
  document.body.append(host);
  shown = mount(host, { model, session: new Session(model, kernel) });
  kernel.play();
  const root = host.querySelector<HTMLElement>('.ag-root')!;
  const inspector = root.querySelector('.ag-inspector')!;
  const observed = new Promise<string>(resolve => {
    const observer = new MutationObserver(() => resolve(inspector.textContent));
    observer.observe(root, { attributeFilter: ['data-boxes'] });
  });
  expect(await observed).not.toContain('Iteration 2');
  await vi.waitFor(() => expect(inspector.textContent).toContain('Iteration 2'));
});

test('labels from user code are text', () => {
  const { root } = show(hostile());
  expect(root.querySelector('img, script')).toBeNull();
  expect(texts(root, '.ag-name').join()).toContain('<img src=x');
  for (const row of root.querySelectorAll<HTMLElement>('[role=treeitem]')) {
    row.dispatchEvent(new MouseEvent('mousedown', { bubbles: true }));
    shown!.update();
    expect(root.querySelector('img, script')).toBeNull();
  }
});

test('a pause is said, shown and selected', () => {
  const { root } = show(script(), 27);
  expect(root.querySelector('.ag-live')!.textContent).toMatch(/^Paused before .*norm 3.2e5/);
  expect(root.querySelector('.ag-status')!.textContent).toContain('paused');
  expect(root.querySelector('.ag-pausedhere')!.textContent).toContain('breakpoint 1');
  expect(root.querySelectorAll('[role=treeitem][data-paused]')).toHaveLength(1);
  expect(root.querySelector('[aria-selected=true]')!.hasAttribute('data-paused')).toBe(true);
});

test('buttons and keys drive the paused kernel', () => {
  const { root, kernel } = show(script(), 27);
  kernel.asked.length = 0;
  button(root, 'over').click();
  for (const key of ['n', 's', 'u', 'c', 'F8']) press(root, key);
  const commands = kernel.asked.map(request => request.command).filter(c => c !== 'detail');
  expect(commands).toEqual(['over', 'over', 'into', 'back', 'continue']); // F8: nothing is paused any more
});

test('a verb that does nothing now is greyed, and says why', () => {
  const { root, kernel } = show(script());
  kernel.asked.length = 0;
  expect(button(root, 'over').getAttribute('aria-disabled')).toBe('true');
  button(root, 'over').click();
  press(root, 'n');
  expect(root.querySelector('.ag-notice')!.textContent).toContain('nothing is paused');
  expect(kernel.asked).toEqual([]);
});

test('until here runs to the selected node', () => {
  const { root, kernel } = show(script(), 25);
  const row = [...root.querySelectorAll<HTMLElement>('[role=treeitem]')].find(r => r.textContent.includes('Tanh'))!; // prettier-ignore
  row.dispatchEvent(new MouseEvent('mousedown', { bubbles: true }));
  shown!.update();
  press(root, 'r');
  expect(kernel.asked.at(-1)).toMatchObject({ command: 'until', arguments: { target: '#19' } });
});

test('b sets a breakpoint on the selected box, and takes it away', () => {
  const { root, kernel } = show(script(), 27);
  press(root, 'b');
  expect(kernel.asked.at(-1)).toMatchObject({ command: 'break' });
  shown!.update();
  expect(root.querySelectorAll('.ag-row .ag-dot[data-on]').length).toBeGreaterThan(0);
  press(root, 'b');
  expect(kernel.asked.at(-1)).toMatchObject({ command: 'clear', arguments: { number: 1 } });
});

test('modules open and close from the outline', () => {
  const { root } = show(transformer('t', { layers: 12, iterations: 1 }));
  const named = (key: string): HTMLElement =>
    root.querySelector<HTMLElement>(`[data-key="${key}"]`)!;
  expect(named('s:lm_head').getAttribute('aria-expanded')).toBe('true');
  const before = Number(root.dataset['boxes']);
  named('s:lm_head').querySelector<HTMLElement>('.ag-twist')!.dispatchEvent(new MouseEvent('mousedown', { bubbles: true })); // prettier-ignore
  shown!.update();
  expect(named('s:lm_head').getAttribute('aria-expanded')).toBe('false');
  expect(Number(root.dataset['boxes'])).toBe(before - 3);
});

test('the tree is walked by keys', () => {
  const { root } = show(script());
  const tree = root.querySelector<HTMLElement>('[role=tree]')!;
  press(tree, 'ArrowDown');
  press(tree, 'ArrowDown');
  shown!.update();
  const active = tree.getAttribute('aria-activedescendant')!;
  expect(document.getElementById(active)!.textContent).toContain('Clip');
  expect(root.querySelector('.ag-inspector h2')!.textContent).toBe('Clip');
});

test('a search counts, fades and goes to what it found', () => {
  const { root } = show(transformer('t', { layers: 3, iterations: 1 }));
  const search = root.querySelector<HTMLInputElement>('.ag-search')!;
  search.value = 'op:softmax';
  search.dispatchEvent(new Event('input'));
  expect(root.querySelector('.ag-hits')!.textContent).toBe('3 found');
  expect(root.querySelectorAll('[data-faded]').length).toBeGreaterThan(5);
  press(search, 'Enter');
  shown!.update();
  expect(root.querySelector('.ag-inspector h2')!.textContent).toBe('Softmax');
  expect(root.querySelector('.ag-inspector')!.textContent).toContain('transformer.h.2.attn');
});

test('a replay shows the run as it was', () => {
  const { root } = show(script());
  const slider = root.querySelectorAll<HTMLInputElement>('.ag-slide input')[1]!;
  expect(slider.max).toBe('12');
  slider.value = '5';
  slider.dispatchEvent(new Event('input'));
  shown!.update();
  expect(root.dataset['reached']).toBe('5');
  press(root, ']');
  shown!.update();
  expect(root.dataset['reached']).toBe('6');
});

test('an older iteration is shown, and compared with', async () => {
  const { root } = show(script());
  const slider = root.querySelector<HTMLInputElement>('.ag-slide input')!;
  slider.value = '1';
  slider.dispatchEvent(new Event('input'));
  await vi.waitFor(() => {
    shown!.update();
    expect(root.querySelector('.ag-inspector h2')!.textContent).toBe('Iteration 1');
  });
  const compare = root.querySelector<HTMLInputElement>('.ag-number')!;
  compare.value = '0';
  compare.dispatchEvent(new Event('change'));
  root
    .querySelectorAll<HTMLElement>('[role=treeitem]')[2]!
    .dispatchEvent(new MouseEvent('mousedown', { bubbles: true }));
  await vi.waitFor(() => {
    shown!.update();
    expect(root.querySelector('.ag-inspector')!.textContent).toMatch(/compared3\.2e-4, now ×1995/);
  });
});

test('details are asked for when a node is looked at, once', async () => {
  const { root, kernel } = show(script(), 27);
  await vi.waitFor(() => {
    shown!.update();
    expect(root.querySelector('.ag-histogram')).not.toBeNull();
  });
  expect(kernel.asked.filter(request => request.command === 'detail')).toHaveLength(1);
  expect(texts(root, '.ag-inspector h3')).toEqual(['Gradient', 'Saved tensors', 'Source', 'Hooks', 'Time and memory']); // prettier-ignore
});

test('a line of code leads to its cell', () => {
  const { root } = show(script(), 27);
  const heard = vi.fn((event: Event) => event.preventDefault());
  document.body.addEventListener('autograd-core:go-to', heard);
  [...root.querySelectorAll<HTMLElement>('.ag-where .ag-link')].at(-1)!.click();
  expect((heard.mock.calls[0]![0] as CustomEvent).detail).toMatchObject({ execution_count: 3 });
});

describe('without a kernel', () => {
  test('a recorded run can be looked at, and says what it is', () => {
    const model = new TraceModel();
    const host = document.createElement('div');
    document.body.append(host);
    shown = mount(host, { model, session: new Session(model, new NoChannel()) });
    model.setLiveness('recorded');
    shown.update();
    expect(host.querySelector('.ag-status')!.textContent).toContain('recorded, kernel gone');
    expect(host.querySelectorAll('.ag-verb[aria-disabled=true]')).toHaveLength(8);
  });
});

test('nothing is left after dispose', () => {
  const { mounted, kernel } = show(script(), 20);
  mounted.dispose();
  expect(document.querySelector('.ag-root')).toBeNull();
  expect(() => kernel.play(30)).not.toThrow();
});

test('the page decides on light and dark', async () => {
  const { root } = show(script());
  expect(root.dataset['theme']).toBe('light');
  document.body.dataset['jpThemeLight'] = 'false';
  await vi.waitFor(() => expect(root.dataset['theme']).toBe('dark'));
  delete document.body.dataset['jpThemeLight'];
});
