/**
 * The whole view: it puts the parts together, and says what each click and key does.
 *
 * `mount` is what the inline widget and the JupyterLab panel call.
 */

import type { Change, TraceModel } from '../model/trace.js';
import { usePalette } from '../draw/colour.js';
import type { Scene } from '../draw/scene.js';
import { themeNamed, watchTheme, type Theme, type ThemeName } from '../draw/theme.js';
import type { Session } from '../transport/session.js';
import { whyNot } from '../transport/verbs.js';
import { CanvasView, type Pointed } from './canvas.js';
import { h, on } from './dom.js';
import { tooltipOf } from './facts.js';
import { FlowView } from './flowview.js';
import { goTo } from './goto.js';
import { Inspector } from './inspector.js';
import { Commands } from './commands.js';
import { handleKey } from './keyboard.js';
import { Legend } from './legend.js';
import { Minimap } from './minimap.js';
import { Pipeline } from './pipeline.js';
import { ALL_BOXES, ViewState, type Level } from './state.js';
import { statusOf } from './status.js';
import { addStyle } from './style.js';
import { Timeline } from './timeline.js';
import { Toolbar } from './toolbar.js';
import { OutlineTree } from './tree.js';
import { trans } from '../trans.js';

/** Pixels of width; the same as in the style sheet. */
const NARROW = 660;

export interface MountOptions {
  model: TraceModel;
  session: Session;
  theme?: ThemeName;
  /** Height of the whole, as CSS has it. */
  height?: string;
  /** Beside a host that says itself how the run stands: without the debugger's buttons. */
  compact?: boolean;
  /** How many boxes are shown before modules are folded. */
  boxes?: number;
}

/** What a host can do with a mounted view. */
export interface Mounted {
  /** Select a node by its id, and bring it into view. */
  select(id: number): void;
  /** Draw what is there at once, instead of soon. */
  update(): void;
  /** Fold modules beyond so many boxes. */
  showBoxes(count: number): void;
  dispose(): void;
}

export function mount(element: HTMLElement, options: MountOptions): Mounted {
  return new App(element, options);
}

class App implements Mounted {
  private readonly model: TraceModel;
  private readonly session: Session;
  private readonly view = new ViewState();
  private readonly toolbar = new Toolbar();
  private readonly tree = new OutlineTree();
  private readonly canvas: CanvasView;
  private readonly inspector = new Inspector();
  private readonly flow = new FlowView();
  private readonly timeline = new Timeline();
  private readonly legend = new Legend();
  private readonly minimap: Minimap;
  private readonly pipeline: Pipeline;
  private readonly commands: Commands;
  private readonly notice = h('p', { class: 'ag-notice', hidden: true });
  private readonly live = h('div', { class: 'ag-live', 'aria-live': 'assertive', role: 'status' });
  private readonly tooltip = h('pre', { class: 'ag-tooltip', hidden: true });
  private readonly blank = h('p', { class: 'ag-blank' });
  private readonly root: HTMLElement;
  private readonly undo: (() => void)[] = [];
  private theme: Theme;
  private themeName: ThemeName;
  private lastPause = '';
  /** The stop that the view went to already. */
  private shownPause = '';
  private noticeTimer = 0;
  /** Whether a graph was on the screen; until then nothing else holds it up. */
  private isSeen = false;
  private waiting = 0;
  /** The box that was selected because the run was paused there. */
  private pausedKey: string | null = null;
  private readonly compact: boolean;

  constructor(element: HTMLElement, options: MountOptions) {
    const { model, session, theme = 'auto', height, boxes, compact = false } = options;
    this.model = model;
    this.session = session;
    this.compact = compact;
    if (boxes) this.view.fewBoxes = this.view.maxBoxes = boxes;
    this.themeName = theme;
    this.theme = themeNamed(theme, document);
    this.canvas = new CanvasView(() => this.root.contains(document.activeElement));
    this.minimap = new Minimap((x, y) => this.canvas.centreOn(x, y));
    this.pipeline = new Pipeline(model, this.view, () => this.theme, () => this.canvas.aspect); // prettier-ignore
    this.root = this.build();
    this.commands = new Commands({
      model, session, view: this.view, pipeline: this.pipeline, canvas: this.canvas,
      tree: this.tree, toolbar: this.toolbar, root: this.root,
      say: sentence => this.say(sentence), showControls: () => this.showControls(),
    }); // prettier-ignore
    this.root.toggleAttribute('data-compact', compact);
    if (compact) this.toolbar.withoutVerbs();
    this.root.toggleAttribute('data-no-tree', compact);
    if (height) this.root.style.setProperty('--ag-height', height);
    this.showTheme();
    addStyle(element);
    element.append(this.root);
    this.watchWidth();
    this.connect();
    this.changed('reset');
  }

  // ------------------------------------------------------------ for the host

  select(id: number): void {
    const row = this.pipeline.graph?.iteration.rowOf.get(id);
    if (row !== undefined) this.commands.selectRow(row);
  }

  update(): void {
    this.pipeline.flush();
    this.canvas.paintNow();
    this.showRest();
  }

  showBoxes(count: number): void {
    const { view } = this;
    if (view.maxBoxes === view.fewBoxes)
      this.commands.set('outline', () => (view.maxBoxes = count));
    view.fewBoxes = count;
  }

  dispose(): void {
    for (const undo of this.undo) undo();
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
    this.timeline.dispose();
    this.pipeline.dispose();
    this.canvas.dispose();
    this.root.remove();
  }

  // ------------------------------------------------------------ putting together

  private build(): HTMLElement {
    this.canvas.element.append(this.blank, this.minimap.element, this.tooltip);
    const side = h(
      'nav',
      { class: 'ag-side', 'aria-label': trans.__('Outline') },
      this.tree.element,
    );
    const middle = h('div', { class: 'ag-middle' }, this.canvas.element, this.legend.element);
    return h(
      'div',
      {
        class: 'ag-root', role: 'region', 'aria-label': trans.__('Autograd graph'), tabindex: -1,
        'data-lm-suppress-shortcuts': 'true', 'data-jp-suppress-context-menu': 'true',
      },
      this.toolbar.element, this.notice,
      h('div', { class: 'ag-main' }, side, middle, this.inspector.element),
      h('div', { class: 'ag-foot' }, this.timeline.element, this.flow.element),
      this.live,
    ); // prettier-ignore
  }

  /** A narrow output has its parts below one another, and so is taller. */
  private watchWidth(): void {
    const observer = new ResizeObserver(() => {
      this.root.toggleAttribute('data-narrow', this.root.clientWidth < NARROW);
    });
    observer.observe(this.root);
    this.undo.push(() => observer.disconnect());
  }

  private connect(): void {
    const { toolbar, tree, canvas, inspector, flow, timeline, session } = this;
    this.undo.push(
      this.model.changed.on(change => this.changed(change)),
      session.reported.on(sentence => this.say(sentence)),
      this.pipeline.ready.on(({ scene, relaid }) => this.show(scene, relaid)),
      watchTheme(document, () => this.showTheme()),
      on(this.root, 'keydown', event => handleKey(event, this.around())),
      on(this.root, 'pointerdown', event => this.takeFocus(event)),
    );
    toolbar.verb.on(verb => this.commands.act(verb));
    toolbar.refused.on(why => this.say(why));
    toolbar.action.on(action => this.commands.look(action));
    toolbar.exported.on(kind => this.commands.export(kind));
    toolbar.searched.on(query => this.commands.search(query));
    toolbar.stepped.on(by => this.commands.nextHit(by));
    tree.changed.on(shown => toolbar.showPressed('tree', shown));
    tree.chosen.on(box => this.commands.choose(box));
    tree.toggled.on(({ box, open }) => this.commands.open(box, open));
    canvas.clicked.on(pointed => this.commands.click(pointed));
    canvas.doubleClicked.on(({ box }) => box && this.commands.open(box, box.kind !== 'hull'));
    canvas.pointed.on(pointed => this.point(pointed));
    canvas.moved.on(window => this.minimap.mark(window));
    inspector.goTo.on(place => this.say(goTo(this.root, place)));
    inspector.choose.on(row => this.commands.selectRow(row));
    inspector.toggleBreakpoint.on(box => this.commands.toggleBreakpoint(box));
    inspector.wanted.on(node => void this.session.askOnce('detail', { node }));
    flow.chosen.on(row => this.commands.selectRow(row));
    flow.by.on(by => this.commands.set('paint', () => (this.view.flowBy = by)));
    timeline.iteration.on(n => void this.commands.goToIteration(n));
    timeline.compare.on(n => void this.commands.compareWith(n));
    timeline.position.on(at => this.commands.set('readings', () => (this.view.position = at)));
  }

  // ------------------------------------------------------------ what the model says

  private changed(change: Change): void {
    if (change === 'reset') {
      this.view.iteration = this.view.compare = this.view.position = null;
    }
    if (change === 'state') {
      this.model.details.clear(); // a gradient may be another one now
      this.announce();
    }
    const level: Level =
      change === 'rows' || change === 'reset' ? 'graph' : change === 'steps' ? 'readings' : 'paint';
    this.pipeline.request(level);
    this.showControls();
    if (change === 'status')
      this.inspector.show(this.pipeline.scene, this.model.state, this.isLive);
  }

  private get isLive(): boolean {
    return this.model.liveness === 'live';
  }

  private announce(): void {
    const { state } = this.model;
    const stop =
      state.status === 'paused'
        ? [state.node?.seq, state.steps_done, state.phase, state.location?.line].join(' ')
        : '';
    if (stop === this.lastPause) return;
    this.lastPause = stop;
    if (!stop) {
      this.live.textContent = '';
      return;
    }
    this.view.iteration = this.view.position = null; // to where it happens
    const name = state.node?.name || state.node?.op || trans.__('a node');
    if (this.compact) return; // the host says so
    const said =
      state.phase === 'python'
        ? trans.__('Paused in %1', name)
        : state.phase === 'forward'
          ? trans.__('Paused after %1', name)
          : trans.__('Paused before %1', name);
    this.live.textContent = `${said}: ${state.reason ?? ''}`;
  }

  private show(scene: Scene, relaid: boolean): void {
    const stop = `${scene.paused} ${this.lastPause}`;
    const paused = scene.paused >= 0 && this.shownPause !== stop;
    if (paused) this.selectPaused(scene);
    this.canvas.show(scene, relaid, this.commands.anchor);
    this.commands.anchor = null;
    this.blank.hidden = scene.graph.count > 0;
    if (paused || (relaid && scene.paused >= 0 && !this.canvas.touched)) {
      this.shownPause = stop;
      if (this.view.follow) this.canvas.revealPaused();
    }
    this.tree.show(scene);
    if (paused && scene.selected) this.tree.reveal(scene.selected);
    this.root.dataset['nodes'] = String(scene.graph.count);
    this.root.dataset['boxes'] = String(scene.outline.boxes.length);
    this.root.dataset['reached'] = String(scene.readings.done);
    if (this.isSeen) this.showBeside(scene);
    else this.waiting ||= requestAnimationFrame(() => setTimeout(() => this.showRest()));
  }

  /** What waits until the graph is on the screen for the first time. */
  private showRest(): void {
    const { scene } = this.pipeline;
    if (!this.waiting || !scene) return;
    cancelAnimationFrame(this.waiting);
    this.waiting = 0;
    this.isSeen = true;
    this.showBeside(scene);
  }

  private showBeside(scene: Scene): void {
    this.minimap.show(scene);
    this.legend.show(this.theme, scene.diff !== null);
    this.inspector.show(scene, this.model.state, this.isLive);
    if (this.compact) this.letGo(scene);
    const { selected } = scene;
    this.root.toggleAttribute('data-inspect', selected !== null && selected.row !== scene.paused);
    this.flow.show(scene, this.model, this.view.flowBy, this.view.compare);
    this.showControls();
    this.describe(scene);
  }

  private selectPaused(scene: Scene): void {
    const box = scene.outline.boxes[scene.outline.owner[scene.paused]!] ?? null;
    this.pausedKey = this.view.selected = box?.key ?? null;
    scene.selected = box;
  }

  /** A run that goes on leaves nothing selected: nobody chose it. */
  private letGo(scene: Scene): void {
    if (scene.paused >= 0 || scene.selected?.key !== this.pausedKey) return;
    this.pausedKey = this.view.selected = scene.selected = null;
  }

  private describe(scene: Scene): void {
    const { iteration, count } = scene.graph;
    const label = trans.__(
      'Backward graph of iteration %1: %2 nodes, %3 backward steps. The outline has the same content.',
      iteration.number,
      count,
      scene.readings.done,
    );
    this.canvas.canvas.setAttribute('aria-label', label);
  }

  private showControls(): void {
    const { model, view, pipeline } = this;
    const selection = this.commands.selection();
    this.toolbar.showVerbs(model.state, verb =>
      whyNot(verb, model, this.session.channel, selection),
    );
    const [kind, text] = statusOf(model, pipeline.scene);
    this.blank.textContent =
      kind === 'recorded'
        ? trans.__('Nothing was recorded.')
        : trans.__('Waiting for the first node …');
    this.toolbar.showStatus(kind, text);
    this.root.dataset['status'] = kind;
    this.toolbar.showPressed('expand', view.maxBoxes === ALL_BOXES);
    this.toolbar.showPressed('code', pipeline.scene?.showCode ?? false);
    this.timeline.show({
      oldest: model.oldest, newest: model.newest, shown: pipeline.shown,
      following: view.iteration === null, compare: view.compare,
      steps: pipeline.graph?.iteration.steps.count ?? 0, position: view.position,
    }); // prettier-ignore
  }

  private point(pointed: Pointed | null): void {
    const { scene } = this.pipeline;
    this.tooltip.hidden = !pointed?.box || !scene;
    if (!pointed?.box || !scene) return;
    const hint =
      this.isLive && !scene.marks.at(pointed.box).length
        ? trans.__('click: set a breakpoint')
        : trans.__('click: remove the breakpoint');
    this.tooltip.textContent = pointed.gutter ? hint : tooltipOf(scene, pointed.box);
    const right = pointed.x > this.canvas.element.clientWidth / 2;
    const low = pointed.y > this.canvas.element.clientHeight / 2;
    const { style } = this.tooltip;
    style.left = right ? '' : `${pointed.x + 14}px`;
    style.right = right ? `${this.canvas.element.clientWidth - pointed.x + 14}px` : '';
    style.top = low ? '' : `${pointed.y + 14}px`;
    style.bottom = low ? `${this.canvas.element.clientHeight - pointed.y + 14}px` : '';
  }

  private around(): Parameters<typeof handleKey>[1] {
    const { commands, pipeline, canvas, toolbar, view } = this;
    return { commands, pipeline, canvas, toolbar, view, say: sentence => this.say(sentence) };
  }

  private takeFocus(event: PointerEvent): void {
    const target = event.target as Element;
    if (target.closest('input, select, button, summary, dialog, pre, [role=tree]')) return;
    this.root.focus({ preventScroll: true });
  }

  // ------------------------------------------------------------ words

  private say(sentence: string | null): void {
    if (!sentence) return;
    this.notice.textContent = sentence;
    this.notice.hidden = false;
    this.live.textContent = sentence;
    window.clearTimeout(this.noticeTimer);
    this.noticeTimer = window.setTimeout(() => (this.notice.hidden = true), 7000);
  }

  private showTheme(): void {
    this.theme = themeNamed(this.themeName, document);
    usePalette(document.body.dataset['autogradColours']);
    this.root.dataset['theme'] = this.theme.dark ? 'dark' : 'light';
    this.legend.show(this.theme, this.view.compare !== null);
    this.pipeline.request('paint');
  }
}
