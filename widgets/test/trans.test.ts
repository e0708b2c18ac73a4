// @vitest-environment happy-dom

import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { Builder } from '../demo/builder.js';
import { FakeKernel } from '../demo/kernel.js';
import { script, transformer } from '../demo/models.js';
import { bytes, ratio } from '../src/draw/numbers.js';
import { DARK } from '../src/draw/theme.js';
import { TraceModel } from '../src/model/trace.js';
import type { State } from '../src/protocol/messages.js';
import { NoChannel } from '../src/transport/channel.js';
import { Session } from '../src/transport/session.js';
import { VERBS, whyNot, type Verb } from '../src/transport/verbs.js';
import { trans, translateWith } from '../src/trans.js';
import { mount, type Mounted } from '../src/view/app.js';
import { pictureOf } from '../src/view/export.js';
import { Pipeline } from '../src/view/pipeline.js';
import { ViewState } from '../src/view/state.js';
import { modelOf } from './helpers.js';

/** A language that nobody speaks: its letters are none of ours, so that ours stand out. */
function strange(text: string): string {
  return text.replace(/[a-z]/gi, letter => {
    const at = letter.toLowerCase().charCodeAt(0) - 97;
    return String.fromCodePoint(at + (letter < 'a' ? 0x1d670 : 0x1d68a));
  });
}

const put = (text: string, values: (string | number)[]): string =>
  strange(text).replace(/%(\d+)/g, (_, at: string) => String(values[Number(at) - 1]));

const STRANGE = {
  __: (text: string, ...values: (string | number)[]) => put(text, values),
  _n: (one: string, many: string, n: number, ...values: (string | number)[]) =>
    put(n === 1 ? one : many, [n, ...values]),
};

/** What is the same in all languages: units, kinds of files, numbers, keys. */
const COMMON = ['KiB', 'MiB', 'ms', 'NaN', 'Inf', 'SVG', 'PNG', 'HTML', 'F8', 'grad'];

const words = (text: string): string[] => text.match(/\b[a-z][a-z_]+\d*/gi) ?? [];

/** The words that user code, the library and the kernel put in. */
function wordsOf({ texts, scopes, places }: Builder, ...more: unknown[]): Set<string> {
  const said = JSON.stringify([texts.values, scopes.values, places.values, more]);
  const found = words(said.replaceAll('\\n', ' '));
  return new Set([...COMMON, ...found, ...found.map(word => word.replace(/Backward\d*$/, ''))]);
}

const ATTRIBUTES = ['title', 'aria-label', 'placeholder', 'aria-description', 'alt'];

/** All that a person can see or hear of an element. */
function saidBy(root: Element): string[] {
  const said: string[] = [];
  const walker = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
  while (walker.nextNode()) said.push(walker.currentNode.textContent ?? '');
  for (const element of root.querySelectorAll('*')) {
    for (const name of ATTRIBUTES) said.push(element.getAttribute(name) ?? '');
  }
  return said;
}

let shown: Mounted | null = null;

function show(builder: Builder): { kernel: FakeKernel; root: HTMLElement; model: TraceModel } {
  const model = new TraceModel();
  const kernel = new FakeKernel(builder);
  const host = document.createElement('div');
  document.body.append(host);
  shown = mount(host, { model, session: new Session(model, kernel) });
  return { kernel, model, root: host.querySelector<HTMLElement>('.ag-root')! };
}

function verifyStrange(root: Element, known: ReadonlySet<string>): void {
  const ours = saidBy(root).flatMap(text => words(text).filter(word => !known.has(word)).map(word => `${word} in "${text}"`)); // prettier-ignore
  expect(ours).toEqual([]);
}

const press = (root: HTMLElement, key: string): boolean =>
  root.dispatchEvent(new KeyboardEvent('keydown', { key, bubbles: true, cancelable: true }));

beforeEach(() => translateWith(STRANGE));

afterEach(() => {
  translateWith();
  shown?.dispose();
  document.body.replaceChildren();
});

test('values are put in, and a number decides on the form', () => {
  translateWith();
  expect(trans.__('%2 of %1, %2', 7, 'a')).toBe('a of 7, a');
  expect(trans._n('%1 hit', '%1 hits', 1)).toBe('1 hit');
  expect(trans._n('%2 node', '%2 nodes', 1200, '1,200')).toBe('1,200 nodes');
  translateWith({ ...STRANGE, __: () => 'facts about the catalogue' });
  expect(trans.__('')).toBe('');
});

describe('nothing is left in English', () => {
  test('of a stop, with details', async () => {
    const builder = script();
    const { root, kernel, model } = show(builder);
    kernel.play(27);
    kernel.pause();
    await vi.waitFor(() => {
      shown!.update();
      expect(root.querySelector('.ag-histogram')).not.toBeNull();
    });
    verifyStrange(root, wordsOf(builder, model.state, [...model.details.values()]));
    expect(root.querySelectorAll('section')).toHaveLength(5);
  });

  test('of each box, folded and open, with a NaN and a checkpoint', () => {
    const builder = transformer('t', { layers: 6, iterations: 2, nan: 3, checkpoint: true });
    const { root, kernel, model } = show(builder);
    kernel.play();
    shown!.update();
    const known = wordsOf(builder, model.state, 'transformer');
    verifyStrange(root, known);
    for (const row of root.querySelectorAll<HTMLElement>('[role=treeitem]')) {
      row.dispatchEvent(new MouseEvent('mousedown', { bubbles: true }));
      shown!.update();
      verifyStrange(root, known);
    }
  });

  test.each([false, true])('of what is drawn on the canvas and saved (compared: %s)', compared => {
    const builder = transformer('t', { layers: 6, iterations: 2, nan: 3, checkpoint: true });
    const model = modelOf(builder);
    const known = wordsOf(builder, 'transformer');
    const view = new ViewState();
    if (compared) view.compare = 0;
    const pipeline = new Pipeline(model, view, () => DARK, () => 1.4); // prettier-ignore
    for (const boxes of [12, 60, 1e6]) {
      view.maxBoxes = boxes;
      pipeline.request('outline');
      pipeline.flush();
      const scene = { ...pipeline.scene!, paused: 0, reason: '12' };
      const { title, parts } = pictureOf(scene);
      const drawn = parts.flatMap(({ shapes, tooltip = '' }) => [
        tooltip,
        ...shapes.map(shape => (shape.kind === 'text' ? shape.text : '')),
      ]);
      expect([title, ...drawn].flatMap(words).filter(word => !known.has(word))).toEqual([]);
      expect(drawn.join(' ')).toContain(strange('paused: 12'));
    }
  });

  test('of numbers with words', () => {
    expect([ratio(0), ratio(2)]).toEqual([strange('= same'), '×100']);
    expect([1, 12, 65536].map(bytes)).toEqual(['1 byte', '12 bytes', '64.0 KiB'].map(said => said.replace(/byte.*/, strange))); // prettier-ignore
  });

  test('of other iterations, a comparison and a search', async () => {
    const builder = script();
    const { root, kernel, model } = show(builder);
    kernel.play();
    const compare = root.querySelector<HTMLInputElement>('.ag-number')!;
    compare.value = '0';
    compare.dispatchEvent(new Event('change'));
    const search = root.querySelector<HTMLInputElement>('.ag-search')!;
    search.value = 'op:mm';
    search.dispatchEvent(new Event('input'));
    press(search, 'Enter');
    await vi.waitFor(() => {
      shown!.update();
      expect(root.querySelector('.ag-inspector')!.textContent).toContain('e-');
    });
    verifyStrange(root, wordsOf(builder, model.state));
  });

  test('of notices and dialogs', () => {
    const builder = script();
    const { root, kernel, model } = show(builder);
    verifyStrange(root, wordsOf(builder)); // nothing is there yet
    kernel.play();
    shown!.update();
    const known = wordsOf(builder, model.state);
    for (const key of ['n', 'b', '?']) {
      press(root, key);
      verifyStrange(root, known);
    }
    root.querySelector('dialog')!.remove();
    kernel.play(27);
    kernel.pause();
    shown!.update();
    press(root, 'e');
    expect(root.querySelector('dialog')).not.toBeNull();
    verifyStrange(root, wordsOf(builder, model.state));
  });

  test('of a record', () => {
    const model = new TraceModel();
    const host = document.createElement('div');
    document.body.append(host);
    shown = mount(host, { model, session: new Session(model, new NoChannel()) });
    model.setLiveness('recorded');
    shown.update();
    verifyStrange(host, new Set(COMMON));
  });

  test('of the reasons why a verb does nothing', () => {
    const paused: State = { status: 'paused', phase: 'backward', node: { seq: 3, op: '', scope: [], name: '' } }; // prettier-ignore
    const ask = (verb: Verb, state: State, done: boolean): string => {
      const model = new TraceModel();
      model.setLiveness('live');
      model.setState(state);
      const target = done ? '#1' : null;
      return whyNot(verb, model, new FakeKernel(script()), { target, done }) ?? '';
    };
    const states: State[] = [
      { status: 'idle' }, { status: 'running' }, paused, { ...paused, phase: 'forward' },
      { ...paused, phase: 'python' }, { ...paused, gradients: [null] },
    ]; // prettier-ignore
    const reasons = states.flatMap(state =>
      VERBS.flatMap(verb => [ask(verb, state, false), ask(verb, state, true)]),
    );
    expect(new Set(reasons).size).toBeGreaterThan(8);
    expect(reasons.flatMap(words)).toEqual([]);
  });
});
