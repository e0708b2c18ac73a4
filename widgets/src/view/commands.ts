/** What people can do with the view, whether by click, by key or by a host's call. */

import type { Box } from '../model/box.js';
import { conditionFor, targetOf } from '../model/breakpoints.js';
import type { TraceModel } from '../model/trace.js';
import type { Session } from '../transport/session.js';
import { requestOf, SAYS, whyNot, type Selection, type Verb } from '../transport/verbs.js';
import type { CanvasView, Pointed } from './canvas.js';
import { askForEdit, showHelp } from './dialogs.js';
import { save } from './export.js';
import type { Pipeline } from './pipeline.js';
import { ALL_BOXES, type Level, type ViewState } from './state.js';
import type { Toolbar, ViewAction } from './toolbar.js';
import type { OutlineTree } from './tree.js';
import { trans } from '../trans.js';

/** What commands work with. */
export interface Parts {
  model: TraceModel;
  session: Session;
  view: ViewState;
  pipeline: Pipeline;
  canvas: CanvasView;
  tree: OutlineTree;
  toolbar: Toolbar;
  root: HTMLElement;
  /** Tell the person something. */
  say: (sentence: string | null) => void;
  /** Show how buttons and sliders stand. */
  showControls: () => void;
}

export class Commands {
  /** Key of the box that stays where it is when the graph is laid out anew. */
  anchor: string | null = null;
  private readonly model: TraceModel;
  private readonly session: Session;
  private readonly view: ViewState;
  private readonly pipeline: Pipeline;
  private readonly canvas: CanvasView;
  private hit = -1;

  constructor(private readonly parts: Parts) {
    this.model = parts.model;
    this.session = parts.session;
    this.view = parts.view;
    this.pipeline = parts.pipeline;
    this.canvas = parts.canvas;
  }

  /** What is selected, as far as verbs care. */
  selection(): Selection {
    const scene = this.pipeline.scene;
    const box = scene?.selected;
    if (!scene || !box) return { target: null, done: false };
    const done = box.row >= 0 && (scene.readings.step[box.row] ?? -1) >= 0;
    return { target: targetOf(scene.graph, box), done };
  }

  set(level: Level, change: () => void): void {
    change();
    this.pipeline.request(level);
  }

  act(verb: Verb): void {
    const why = whyNot(verb, this.model, this.session.channel, this.selection());
    if (why) {
      this.parts.say(`${trans.__(SAYS[verb].label)}: ${why}`);
      return;
    }
    if (verb === 'edit') this.edit();
    else if (verb === 'until') void this.session.ask('until', { target: this.selection().target! });
    else void this.session.ask(...requestOf(verb, this.model.state));
  }

  private edit(): void {
    const gradients = this.model.state.gradients ?? [];
    const outputs = gradients.map((g, n) =>
      g
        ? `${trans.__('gradient %1', n)}: [${g.shape.join(', ')}] ${g.dtype}`
        : `${trans.__('gradient %1', n)}: ${trans.__('none arrived')}`,
    );
    askForEdit(this.parts.root, outputs, (expression, output) => {
      void this.session.ask('edit', { expression, output });
    });
  }

  look(action: ViewAction): void {
    const { view, canvas } = this;
    switch (action) {
      case 'fit':
        canvas.fit(true);
        break;
      case 'current':
        this.goToCurrent();
        break;
      case 'expand':
      case 'collapse':
        view.chosen.clear();
        view.unfolded.clear();
        canvas.touched = false;
        this.set('outline', () => {
          view.maxBoxes = action === 'expand' ? ALL_BOXES : view.fewBoxes;
        });
        break;
      case 'code': {
        const shown = this.pipeline.scene?.showCode ?? false;
        this.set('outline', () => (view.showCode = !shown));
        break;
      }
      case 'tree':
        this.toggleTree();
        break;
      case 'help':
        showHelp(this.parts.root);
        break;
    }
  }

  /** Where there is little room it is hidden unless somebody asks for it. */
  private toggleTree(): void {
    const { root, tree, showControls } = this.parts;
    const shown = tree.isShown;
    root.toggleAttribute('data-no-tree', shown);
    root.toggleAttribute('data-tree', !shown);
    showControls();
  }

  /** To where it is paused, or to the last step. */
  private goToCurrent(): void {
    const scene = this.pipeline.scene;
    if (!scene) return;
    this.view.follow = true;
    const row = scene.paused >= 0 ? scene.paused : scene.readings.last;
    if (row >= 0) this.selectRow(row, true);
    else this.parts.say(trans.__('Nothing has run backward yet.'));
  }

  export(kind: 'svg' | 'png' | 'html'): void {
    const scene = this.pipeline.scene;
    if (!scene) return;
    save(scene, kind).catch((error: unknown) =>
      this.parts.say(trans.__('The picture could not be saved: %1', String(error))),
    );
  }

  search(query: string): void {
    this.hit = -1;
    this.view.query = query.trim();
    this.pipeline.request('paint');
    this.pipeline.flush();
    const found = this.pipeline.found.length;
    this.parts.toolbar.showHits(this.view.query ? trans.__('%1 found', found) : '');
  }

  nextHit(by: 1 | -1): void {
    const { found } = this.pipeline;
    if (!found.length) return;
    this.hit = (this.hit + by + found.length) % found.length;
    this.selectRow(found[this.hit]!);
    this.parts.toolbar.showHits(trans.__('%1 of %2', this.hit + 1, found.length));
  }

  /** Select the box of a row, opening what hides it. */
  selectRow(row: number, always = false): void {
    const { scene, graph } = this.pipeline;
    if (!scene || !graph) return;
    const owner = scene.outline.boxes[scene.outline.owner[row]!];
    if (owner && owner.row !== row) {
      for (const scope of graph.tree.lineage(graph.scope[row]!))
        this.view.chosen.set(scope.title, true);
      if (owner.kind === 'fold') this.view.unfolded.add(owner.key);
      this.view.selected = `n:${graph.id(row)}`;
      this.pipeline.request('outline');
      const stop = this.pipeline.ready.on(({ scene: fresh }) => {
        stop();
        const box = fresh.outline.boxes[fresh.outline.owner[row]!];
        if (box) this.choose(box, true);
      });
      return;
    }
    if (owner) this.choose(owner, true, always);
  }

  choose(box: Box | null, reveal = true, always = false): void {
    this.view.selected = box?.key ?? null;
    const { scene } = this.pipeline;
    if (scene) scene.selected = box;
    if (box && reveal) {
      if (this.canvas.touched || always) this.view.follow = always;
      this.canvas.reveal(box, always);
      this.parts.tree.reveal(box);
    }
    this.pipeline.request('paint');
  }

  click({ box, gutter }: Pointed): void {
    if (box && gutter) this.toggleBreakpoint(box);
    else {
      this.choose(box, false);
      if (box) this.parts.tree.reveal(box);
    }
  }

  open(box: Box, open: boolean): void {
    const { graph } = this.pipeline;
    if (!graph || box.row >= 0) return;
    if (box.kind === 'fold') this.view.unfolded.add(box.key);
    else if (box.parent) this.view.chosen.set(graph.tree.scopes[box.scope]!.title, open);
    this.anchor = box.key;
    this.canvas.touched = true;
    this.pipeline.request('outline');
  }

  toggleBreakpoint(box: Box): void {
    const { scene } = this.pipeline;
    if (!scene) return;
    if (!(this.model.liveness === 'live')) {
      this.parts.say(trans.__('Breakpoints need a kernel: this is a recorded run.'));
      return;
    }
    const condition = conditionFor(scene.graph, box);
    const known = scene.marks.at(box);
    const own = known.find(breakpoint => breakpoint.text === condition) ?? known[0];
    if (own) void this.session.ask('clear', { number: own.number });
    else if (condition) void this.session.ask('break', { text: condition });
    else {
      const needs = 'A breakpoint needs a node, a parameter with a name, or a module.';
      this.parts.say(trans.__(needs));
    }
  }

  async goToIteration(wanted: number | null): Promise<void> {
    this.view.position = null;
    if (wanted !== null && wanted !== this.model.latest && !(await this.fetch(wanted))) return;
    const follows = wanted === null || wanted === this.model.latest;
    this.set('graph', () => (this.view.iteration = follows ? null : wanted));
    this.parts.showControls();
  }

  async compareWith(wanted: number | null): Promise<void> {
    if (wanted !== null && wanted === this.pipeline.shown) {
      this.parts.say(trans.__('An iteration can be compared with another one only.'));
      wanted = null;
    }
    if (wanted !== null && !(await this.fetch(wanted))) wanted = null;
    this.set('readings', () => (this.view.compare = wanted));
    this.parts.showControls();
  }

  /** Have an iteration here; false if it can't be had. */
  private async fetch(number: number): Promise<boolean> {
    this.model.pinned = [number, this.view.compare, this.view.iteration].filter(n => n !== null);
    if (this.model.iterations.has(number)) return true;
    if (!(this.model.liveness === 'live')) {
      this.parts.say(trans.__('Iteration %1 was not saved with the notebook.', number));
      return false;
    }
    await this.session.askOnce('iteration', { number });
    return this.model.iterations.has(number);
  }
}
