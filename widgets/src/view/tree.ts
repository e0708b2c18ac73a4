/**
 * The graph as a tree of text, equal to what is drawn: for keyboards, screen readers and tests.
 *
 * Only the rows in view are in the document, since there can be thousands; each says where
 * in the whole it stands.
 */

import type { Box } from '../model/box.js';
import { isBad, FLAGS, UNREACHED } from '../model/readings.js';
import { Emitter } from '../model/emitter.js';
import { position, VERMILION, viridis } from '../draw/colour.js';
import { titleOf, WORDS } from '../draw/content.js';
import { paint } from '../draw/canvas.js';
import { number } from '../draw/numbers.js';
import { pausedBox } from '../draw/paint-scene.js';
import type { Scene } from '../draw/scene.js';
import { glyph } from '../draw/shapes.js';
import { gradientInWords } from './facts.js';
import { fill, h, on, prepare } from './dom.js';
import { trans } from '../trans.js';

const ROW = 26;
const SPARE = 6;

interface Row {
  box: Box;
  level: number;
  /** Which of its siblings it is, from 1. */
  nth: number;
  of: number;
}

let trees = 0;

export class OutlineTree {
  readonly element: HTMLElement;
  readonly chosen = new Emitter<Box>();
  /** Somebody wants it open (true) or closed (false). */
  readonly toggled = new Emitter<{ box: Box; open: boolean }>();
  /** It is shown now, or no more. */
  readonly changed = new Emitter<boolean>();
  /** Whether there is room for it, or somebody asked for it. */
  isShown = false;
  private readonly list = h('div', { class: 'ag-rows', role: 'presentation' });
  private readonly prefix = `ag-tree-${++trees}`;
  private rows: Row[] = [];
  private scene: Scene | null = null;
  private active: string | null = null;
  /** The height for which rows are there. */
  private height = -1;

  constructor() {
    this.element = h(
      'div',
      {
        class: 'ag-tree',
        role: 'tree',
        tabindex: 0,
        'aria-label': trans.__('Graph, from the loss down'),
      },
      this.list,
    );
    on(this.element, 'scroll', () => this.render());
    on(this.element, 'keydown', event => this.key(event));
    on(this.element, 'focus', () => this.render());
    new ResizeObserver(() => this.resized()).observe(this.element);
  }

  show(scene: Scene | null): void {
    this.scene = scene;
    this.rows = scene ? flatten(scene.outline.root) : [];
    if (scene?.selected) this.active = scene.selected.key;
    this.list.style.height = `${this.rows.length * ROW}px`;
    this.render();
  }

  /** How many rows the tree has, shown or not. */
  get size(): number {
    return this.rows.length;
  }

  /** Bring a box's row into view. */
  reveal(box: Box): void {
    const at = this.rows.findIndex(row => row.box.key === box.key);
    if (at < 0) return;
    this.active = box.key;
    const [top, height] = [this.element.scrollTop, this.element.clientHeight];
    if (at * ROW < top || (at + 1) * ROW > top + height) {
      this.element.scrollTop = Math.max(at * ROW - height / 2, 0);
    }
    this.render();
  }

  private resized(): void {
    const { clientWidth, clientHeight } = this.element;
    if (clientHeight !== this.height) this.render();
    const shown = clientWidth > 0 && clientHeight > 0;
    if (shown === this.isShown) return;
    this.isShown = shown;
    this.changed.emit(shown);
  }

  private render(): void {
    const { scrollTop, clientHeight } = this.element;
    this.height = clientHeight;
    const first = Math.max(Math.floor(scrollTop / ROW) - SPARE, 0);
    const last = Math.min(
      Math.ceil((scrollTop + (clientHeight || 400)) / ROW) + SPARE,
      this.rows.length,
    );
    const activeAt = this.rows.findIndex(row => row.box.key === this.active);
    const shown = this.rows.slice(first, last).map((row, n) => this.row(row, first + n));
    fill(this.list, ...shown);
    const inView = activeAt >= first && activeAt < last;
    if (inView) this.element.setAttribute('aria-activedescendant', `${this.prefix}-${activeAt}`);
    else this.element.removeAttribute('aria-activedescendant');
  }

  private row({ box, level, nth, of }: Row, at: number): HTMLElement {
    const scene = this.scene!;
    const expandable = box.row < 0;
    const selected = scene.selected?.key === box.key;
    const paused = pausedBox(scene) === box;
    const breakpoints = scene.marks.at(box);
    const title = titleOf(box) || trans.__('graph');
    const words = gradientInWords(scene, box);
    const more = [
      words,
      paused && trans.__('paused here'),
      breakpoints.length > 0 && trans.__('breakpoint'),
    ];
    const element = h(
      'div',
      {
        class: 'ag-row', role: 'treeitem', id: `${this.prefix}-${at}`, 'data-key': box.key,
        'aria-level': level, 'aria-posinset': nth, 'aria-setsize': of,
        'aria-expanded': expandable ? String(box.kind === 'hull') : null,
        'aria-selected': String(selected), title: `${title}: ${words}`,
        'data-active': this.active === box.key, 'data-paused': paused,
        'data-faded': scene.found !== null && box.kind !== 'hull' && !scene.found.has(box.index),
      },
      h('span', { class: 'ag-twist', 'aria-hidden': 'true' }, expandable ? (box.kind === 'hull' ? '▾' : '▸') : ''),
      breakpoints.length > 0 && h('span', { class: 'ag-dot', 'data-on': breakpoints.some(b => b.enabled) }),
      h('span', { class: 'ag-name', dir: 'auto' }, title),
      h('span', { class: 'ag-hidden' }, `, ${more.filter(Boolean).join(', ')}`),
      paused && h('span', { class: 'ag-tag', 'aria-hidden': 'true' }, trans.__('paused')),
      this.signOf(box),
      !paused && h('span', { class: 'ag-norm', 'aria-hidden': 'true' }, normText(scene, box)),
      !paused && this.bar(box),
    ); // prettier-ignore
    element.style.top = `${at * ROW}px`;
    element.style.paddingLeft = `${4 + (level - 1) * 12}px`;
    on(element, 'mousedown', event => {
      event.preventDefault();
      this.element.focus({ preventScroll: true });
      const onTwist = (event.target as Element).classList.contains('ag-twist');
      this.active = box.key;
      if (onTwist && expandable) this.toggled.emit({ box, open: box.kind !== 'hull' });
      else this.chosen.emit(box);
    });
    on(element, 'dblclick', () => {
      if (expandable) this.toggled.emit({ box, open: box.kind !== 'hull' });
    });
    return element;
  }

  /** The norm as a little bar on the legend's scale. */
  private bar(box: Box): HTMLElement | null {
    const scene = this.scene!;
    const norm = scene.summary.high[box.index]!;
    const known = !Number.isNaN(norm) && scene.summary.flag[box.index] !== UNREACHED;
    if (!known) return null;
    const bar = h('span', { class: 'ag-bar-norm', 'aria-hidden': 'true' });
    const inside = h('span');
    inside.style.width = `${Math.max(position(norm) * 100, 3)}%`;
    inside.style.background = viridis(position(norm));
    bar.append(inside);
    return bar;
  }

  private signOf(box: Box): HTMLElement | null {
    const scene = this.scene!;
    const flag = scene.summary.flag[box.index]!;
    const name = FLAGS[flag]!;
    if (!(name in WORDS)) return null;
    const canvas = h('canvas', { class: 'ag-sign', 'aria-hidden': 'true' });
    const context = prepare(canvas, 14, 14);
    if (context) paint(context, glyph(name, 7, 7, 9, isBad(flag) ? VERMILION : scene.theme.text));
    return canvas;
  }

  // ------------------------------------------------------------ keyboard, as ARIA has it

  private key(event: KeyboardEvent): void {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const at = Math.max(this.rows.findIndex(row => row.box.key === this.active), 0); // prettier-ignore
    const row = this.rows[at];
    if (!row) return;
    const { box } = row;
    const go = (to: number): void => this.go(Math.min(Math.max(to, 0), this.rows.length - 1));
    const page = Math.max(Math.floor(this.element.clientHeight / ROW) - 1, 1);
    switch (event.key) {
      case 'ArrowDown':
        go(at + 1);
        break;
      case 'ArrowUp':
        go(at - 1);
        break;
      case 'PageDown':
        go(at + page);
        break;
      case 'PageUp':
        go(at - page);
        break;
      case 'Home':
        go(0);
        break;
      case 'End':
        go(this.rows.length - 1);
        break;
      case 'ArrowRight':
        if (box.kind === 'hull') go(at + 1);
        else if (box.row < 0) this.toggled.emit({ box, open: true });
        break;
      case 'ArrowLeft':
        if (box.kind === 'hull' && row.level > 1) this.toggled.emit({ box, open: false });
        else if (box.parent) go(this.rows.findIndex(other => other.box === box.parent));
        break;
      case 'Enter':
      case ' ':
        if (box.row < 0 && event.key === 'Enter')
          this.toggled.emit({ box, open: box.kind !== 'hull' });
        else this.chosen.emit(box);
        break;
      default:
        return;
    }
    event.preventDefault();
    event.stopPropagation();
  }

  private go(to: number): void {
    const row = this.rows[to];
    if (!row) return;
    this.reveal(row.box);
    this.chosen.emit(row.box);
  }
}

function normText(scene: Scene, box: Box): string {
  const norm = scene.summary.high[box.index]!;
  return Number.isNaN(norm) || scene.summary.flag[box.index] === UNREACHED ? '' : number(norm);
}

/** The rows of the tree, parents before what is in them. */
function flatten(root: Box): Row[] {
  const rows: Row[] = [];
  const open: Row[] = [{ box: root, level: 1, nth: 1, of: 1 }];
  for (let row = open.pop(); row; row = open.pop()) {
    rows.push(row);
    const { children } = row.box;
    for (let n = children.length - 1; n >= 0; n--) {
      open.push({ box: children[n]!, level: row.level + 1, nth: n + 1, of: children.length });
    }
  }
  return rows;
}
