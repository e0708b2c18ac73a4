/** The graph on a canvas: pan, zoom, point at, select, open and close. */

import { select } from 'd3-selection';
import { zoom, zoomIdentity, type D3ZoomEvent, type ZoomTransform } from 'd3-zoom';
import type { Box } from '../model/box.js';
import { Emitter } from '../model/emitter.js';
import { dotPlace } from '../draw/art.js';
import { pausedBox, ScenePainter } from '../draw/paint-scene.js';
import type { Scene } from '../draw/scene.js';
import { visibleIn, type Window } from '../draw/visible.js';
import { h, on, prepare } from './dom.js';

const MARGIN = 26;
const CLOSEST = 3;
const FARTHEST = 0.015;
/** Graphs are not blown up beyond this when they are fitted. */
const FIT_CLOSEST = 1.15;
/** Nor shrunk under this, where one can't read them: they begin at the loss instead. */
const READABLE = 0.72;
/** The least at which titles can still be read. */
const LEGIBLE = 0.6;
const DOT_REACH = 10;
/** Pixels around the graph, for the words of a pause. */
const ROOM_FOR_PAUSE = 56;

export interface Pointed {
  box: Box | null;
  /** Whether the pointer is at the gutter where breakpoints are. */
  gutter: boolean;
  x: number;
  y: number;
}

export class CanvasView {
  readonly element: HTMLElement;
  readonly canvas = h('canvas', { class: 'ag-graph', role: 'img' });
  readonly clicked = new Emitter<Pointed>();
  readonly doubleClicked = new Emitter<Pointed>();
  readonly pointed = new Emitter<Pointed | null>();
  readonly moved = new Emitter<Window>();
  /** How long the last frame took, and how much it showed. */
  lastFrame = { milliseconds: 0, items: 0 };
  /** Whether somebody moved the view, so that it stays where it is. */
  touched = false;
  /** Whether all of the graph is in view because it was fitted. */
  private fitted = false;

  private scene: Scene | null = null;
  private transform: ZoomTransform = zoomIdentity;
  private readonly painter = new ScenePainter();
  private readonly zoom = zoom<HTMLCanvasElement, unknown>();
  private frame = 0;
  /** The sizes, as text, for which it was fitted and painted. */
  private fittedFor = '';
  private paintedFor = '';
  private moving = false;
  private readonly observer: ResizeObserver;

  constructor(private readonly isFocused: () => boolean) {
    this.element = h('div', { class: 'ag-canvas' }, this.canvas);
    this.zoom
      .scaleExtent([FARTHEST, CLOSEST])
      .clickDistance(4)
      .filter((event: MouseEvent) => this.takes(event))
      .on('zoom', (event: D3ZoomEvent<HTMLCanvasElement, unknown>) => {
        this.transform = event.transform;
        if (event.sourceEvent) this.touched = true;
        this.repaint();
      });
    select(this.canvas).call(this.zoom).on('dblclick.zoom', null);
    this.listen();
    this.observer = new ResizeObserver(() => this.resized());
    this.observer.observe(this.element);
  }

  /** Show a scene; the box with the key of `anchor` stays where it is on the screen. */
  show(scene: Scene | null, relaid: boolean, anchor: string | null): void {
    const before = anchor === null ? null : this.boxWith(anchor);
    const [x, y] = before ? this.transform.apply([before.x, before.y]) : [0, 0];
    const first = this.scene === null;
    this.scene = scene;
    const after = anchor === null ? null : this.boxWith(anchor);
    if (before && after) {
      const { k } = this.transform;
      this.moveTo(zoomIdentity.translate(x - after.x * k, y - after.y * k).scale(k));
    } else if (scene && relaid && (first || !this.touched)) {
      this.fit();
    }
    this.repaint();
  }

  /** As much as there is room for: all of it, or at a readable size from the loss on. */
  fit(whole = false): void {
    const root = this.scene?.outline.root;
    if (!root || !this.element.clientWidth) return;
    const [w, t] = [this.element.clientWidth, this.element.clientHeight];
    const across = (w - 2 * MARGIN) / Math.max(root.width, 1);
    const down = (t - 2 * MARGIN) / Math.max(root.height, 1);
    let k = Math.min(across, down, FIT_CLOSEST);
    if (!whole && k < READABLE) k = Math.min(Math.max(across, LEGIBLE), READABLE);
    k = Math.max(k, FARTHEST);
    const top = root.height * k + 2 * MARGIN > t ? MARGIN : (t - root.height * k) / 2;
    const loss = root.children[0] ?? root;
    const middle = (loss.x + loss.width / 2) * k;
    const wide = root.width * k + 2 * MARGIN > w;
    const left = wide ? within(w / 2 - middle, root.width * k, w) : (w - root.width * k) / 2;
    this.moveTo(zoomIdentity.translate(left, top).scale(k));
    this.touched = false;
    this.fitted = true;
    this.fittedFor = this.size;
  }

  /** The scale at which most is on the screen, for benchmarks. */
  fitWidest(): void {
    let best = { k: 0.2, items: 0 };
    for (let k = 0.02; k < 1.2; k *= 1.2) {
      this.moveTo(zoomIdentity.translate(MARGIN, -800 * k).scale(k));
      this.paintNow();
      if (this.lastFrame.items > best.items) best = { k, items: this.lastFrame.items };
    }
    this.moveTo(zoomIdentity.translate(MARGIN, -800 * best.k).scale(best.k));
  }

  /** Bring a box into view, near the middle, without changing the scale more than needed. */
  reveal(box: Box, always = false): void {
    const window = this.window();
    const inside =
      box.x > window.left && box.x + box.width < window.right &&
      box.y > window.top + 40 / window.scale && box.y + box.height < window.bottom; // prettier-ignore
    if (inside && !always && this.transform.k > READABLE * 0.8) return;
    const k = Math.min(Math.max(this.transform.k, READABLE + 0.2), CLOSEST);
    const [w, t] = [this.element.clientWidth, this.element.clientHeight];
    const { width = 0, height = 0 } = this.scene?.outline.root ?? {};
    const tall = Math.min(box.height * k, t * 0.8);
    const x = within(w / 2 - (box.x + box.width / 2) * k, width * k, w);
    const y = within(t / 2 - box.y * k - tall / 2, height * k, t);
    this.moveTo(zoomIdentity.translate(x, y).scale(k));
  }

  revealPaused(always = false): void {
    const box = this.scene && pausedBox(this.scene);
    if (box) this.reveal(box, always);
  }

  zoomBy(factor: number): void {
    this.touched = true;
    this.zoom.scaleBy(select(this.canvas), factor);
  }

  panBy(x: number, y: number): void {
    this.touched = true;
    this.zoom.translateBy(select(this.canvas), x / this.transform.k, y / this.transform.k);
  }

  /** Put the middle of the view at a place of the scene. */
  centreOn(x: number, y: number): void {
    this.touched = true;
    this.zoom.translateTo(select(this.canvas), x, y);
  }

  /** The part of the scene that is seen. */
  window(): Window {
    const [left, top] = this.transform.invert([0, 0]);
    const [right, bottom] = this.transform.invert([
      this.element.clientWidth,
      this.element.clientHeight,
    ]);
    return { left, top, right, bottom, scale: this.transform.k };
  }

  /** Width over height of the room that there is. */
  get aspect(): number {
    const { clientWidth, clientHeight } = this.element;
    return clientWidth && clientHeight
      ? Math.min(Math.max(clientWidth / clientHeight, 0.6), 2.4)
      : 1.4;
  }

  repaint(): void {
    this.frame ||= requestAnimationFrame(() => this.paintNow());
  }

  paintNow(): void {
    cancelAnimationFrame(this.frame);
    this.frame = 0;
    this.paintedFor = this.size;
    const begun = performance.now();
    const { clientWidth, clientHeight } = this.element;
    const context = prepare(this.canvas, clientWidth, clientHeight);
    if (!context || !this.scene) return;
    const { x, y, k } = this.transform;
    context.translate(x, y);
    context.scale(k, k);
    context.lineJoin = context.lineCap = 'round';
    const window = this.window();
    const items = this.painter.paint(context, this.scene, visibleIn(this.scene, window), window);
    this.lastFrame = { milliseconds: performance.now() - begun, items };
    this.moved.emit(window);
  }

  dispose(): void {
    cancelAnimationFrame(this.frame);
    this.observer.disconnect();
  }

  private moveTo(transform: ZoomTransform): void {
    this.fitted = false;
    this.zoom.transform(select(this.canvas), transform);
  }

  private boxWith(key: string): Box | null {
    return this.scene?.outline.boxes.find(box => box.key === key) ?? null;
  }

  /** The page's own scrolling goes on over a graph that nobody works with. */
  private takes(event: MouseEvent): boolean {
    if (event.type === 'wheel') return event.ctrlKey || event.metaKey || this.isFocused();
    return event.button === 0 || event.type.startsWith('touch');
  }

  private get size(): string {
    return `${this.element.clientWidth} ${this.element.clientHeight}`;
  }

  /** Also called when it is first seen: what was made for this size is not made again. */
  private resized(): void {
    const { size } = this;
    if (size !== this.fittedFor && this.scene && this.fitted && !this.touched) this.fit();
    if (size !== this.paintedFor) this.paintNow();
  }

  private listen(): void {
    const at = (event: MouseEvent): Pointed => this.hit(event.offsetX, event.offsetY);
    on(this.canvas, 'click', event => this.clicked.emit(at(event)));
    on(this.canvas, 'dblclick', event => this.doubleClicked.emit(at(event)));
    on(this.canvas, 'pointerdown', () => (this.moving = true));
    on(this.canvas, 'pointerup', () => (this.moving = false));
    on(this.canvas, 'pointerleave', () => this.pointed.emit(null));
    on(this.canvas, 'pointermove', event => {
      if (this.moving) return;
      const pointed = at(event);
      this.canvas.style.cursor = pointed.box ? 'pointer' : 'grab';
      this.pointed.emit(pointed);
    });
  }

  /** The innermost thing at a place of the screen; a hull only at its title. */
  private hit(screenX: number, screenY: number): Pointed {
    const [x, y] = this.transform.invert([screenX, screenY]);
    const reach = Math.min(DOT_REACH, DOT_REACH / this.transform.k);
    const boxes = this.scene?.outline.boxes ?? [];
    for (let n = boxes.length - 1; n > 0; n--) {
      const box = boxes[n]!;
      if (x < box.x - reach || x > box.x + box.width || y < box.y || y > box.y + box.height)
        continue;
      const [dotX, dotY] = dotPlace(box);
      const gutter = Math.abs(x - dotX) <= reach && Math.abs(y - dotY) <= reach * 1.4;
      if (!gutter && x < box.x) continue;
      if (box.kind === 'hull' && !gutter && y > box.y + 28) continue;
      return { box, gutter, x: screenX, y: screenY };
    }
    return { box: null, gutter: false, x: screenX, y: screenY };
  }
}

/** Where to begin what is as long as `size`, so that no more is empty than need be. */
function within(wanted: number, size: number, room: number): number {
  if (size + 2 * ROOM_FOR_PAUSE <= room) return (room - size) / 2;
  return Math.max(Math.min(wanted, ROOM_FOR_PAUSE), room - size - ROOM_FOR_PAUSE);
}
