/** The whole graph in small, with the part that is seen; click or drag to go elsewhere. */

import { coloursOf } from '../draw/art.js';
import { VERMILION } from '../draw/colour.js';
import { pausedBox } from '../draw/paint-scene.js';
import type { Scene } from '../draw/scene.js';
import type { Window } from '../draw/visible.js';
import { h, on, prepare } from './dom.js';

const WIDTH = 130;
const HEIGHT = 104;
const PAD = 5;
/** Of the graph; a map would hide more than it shows. */
const MOST_SEEN = 0.55;
/** Pixels of width under which it would lie over what one looks at. */
const LEAST_ROOM = 360;
/** Boxes that are painted at most; a point each is all that fits. */
const MOST = 4000;

export class Minimap {
  readonly element: HTMLElement;
  private readonly map = h('canvas', { 'aria-hidden': 'true' });
  private readonly frame = h('div', { class: 'ag-mapframe' });
  private scene: Scene | null = null;
  private scale = 1;
  private left = 0;
  private top = 0;

  constructor(private readonly go: (x: number, y: number) => void) {
    this.element = h('div', { class: 'ag-minimap', hidden: true }, this.map, this.frame);
    const follow = (event: PointerEvent): void => {
      if (event.buttons !== 1) return;
      const { left, top } = this.element.getBoundingClientRect();
      const x = (event.clientX - left - this.left) / this.scale;
      const y = (event.clientY - top - this.top) / this.scale;
      this.go(x, y);
    };
    on(this.element, 'pointerdown', event => {
      this.element.setPointerCapture(event.pointerId);
      follow(event);
    });
    on(this.element, 'pointermove', follow);
  }

  show(scene: Scene | null): void {
    this.scene = scene;
    this.paint();
  }

  /** Mark the part that is seen; where that is most of it there is no need of a map. */
  mark(window: Window): void {
    const root = this.scene?.outline.root;
    if (!root) return;
    const clamp = (value: number, most: number): number => Math.min(Math.max(value, 0), most);
    const [left, right] = [clamp(window.left, root.width), clamp(window.right, root.width)];
    const [top, bottom] = [clamp(window.top, root.height), clamp(window.bottom, root.height)];
    const seen = ((right - left) * (bottom - top)) / Math.max(root.width * root.height, 1);
    const room = (window.right - window.left) * window.scale;
    this.element.hidden = seen > MOST_SEEN || room < LEAST_ROOM;
    const [x0, x1] = [left * this.scale + this.left, right * this.scale + this.left];
    const [y0, y1] = [top * this.scale + this.top, bottom * this.scale + this.top];
    Object.assign(this.frame.style, {
      left: `${x0}px`,
      top: `${y0}px`,
      width: `${Math.max(x1 - x0, 4)}px`,
      height: `${Math.max(y1 - y0, 4)}px`,
    });
  }

  private paint(): void {
    const scene = this.scene;
    if (!scene) return;
    const { root, boxes } = scene.outline;
    const [across, down] = [WIDTH - 2 * PAD, HEIGHT - 2 * PAD];
    this.scale = Math.min(across / Math.max(root.width, 1), down / Math.max(root.height, 1));
    const wide = Math.max(root.width * this.scale + 2 * PAD, 30);
    const tall = Math.max(root.height * this.scale + 2 * PAD, 20);
    this.left = (wide - root.width * this.scale) / 2;
    this.top = (tall - root.height * this.scale) / 2;
    const context = prepare(this.map, wide, tall);
    if (!context) return;
    context.translate(this.left, this.top);
    context.scale(this.scale, this.scale);
    const every = Math.max(1, Math.floor(boxes.length / MOST));
    for (let n = 1; n < boxes.length; n += every) {
      const box = boxes[n]!;
      context.fillStyle = box.kind === 'hull' ? scene.theme.hullEdge : coloursOf(scene, box).fill;
      context.globalAlpha = box.kind === 'hull' ? 0.35 : 1;
      context.fillRect(box.x, box.y, box.width, box.height);
    }
    const stop = pausedBox(scene);
    if (!stop) return;
    context.globalAlpha = 1;
    context.strokeStyle = VERMILION;
    context.lineWidth = 3 / this.scale;
    context.strokeRect(stop.x, stop.y, stop.width, stop.height);
  }
}
