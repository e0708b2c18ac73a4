/** All that is known of the selected box; what is large is asked for when it is looked at. */

import type { Box } from '../model/box.js';
import { isBad } from '../model/readings.js';
import { Emitter } from '../model/emitter.js';
import type { DetailMessage, Place, SavedState, State } from '../protocol/messages.js';
import { nodes } from '../model/words.js';
import { number } from '../draw/numbers.js';
import type { Scene } from '../draw/scene.js';
import { fill, h, on } from './dom.js';
import {
  arrived,
  comparison,
  fullTitle,
  gradient,
  identity,
  overview,
  timeAndMemory,
  type Fact,
} from './facts.js';
import { histogramPicture } from './histogram.js';
import { trans } from '../trans.js';

const WORST = 6;
const PAUSED = {
  backward: 'Paused before this node',
  forward: 'Paused after this operation',
  python: 'Paused inside this node',
} as const;
const HINT =
  'Select a box to see its gradient, saved tensors and the line that made it. ' +
  'Double-click a module to open it.';

export class Inspector {
  readonly element = h('aside', { class: 'ag-inspector', 'aria-label': trans.__('Selected node') });
  readonly goTo = new Emitter<Place>();
  readonly choose = new Emitter<number>();
  readonly toggleBreakpoint = new Emitter<Box>();
  /** The id of a node whose details are looked at. */
  readonly wanted = new Emitter<number>();
  private shown = '';

  show(scene: Scene | null, state: State, live: boolean): void {
    const box = scene?.selected ?? null;
    if (!scene || !box) {
      this.empty(scene);
      return;
    }
    const detail = box.row < 0 ? undefined : scene.graph.trace.details.get(scene.graph.id(box.row));
    const paused = scene.paused >= 0 && box.row === scene.paused;
    const facts = [...identity(scene, box), ...gradient(scene, box), ...comparison(scene, box)];
    const key = JSON.stringify([
      box.key, facts, paused && state, detail, scene.theme.dark, scene.marks.at(box),
      timeAndMemory(scene, box), live,
    ]); // prettier-ignore
    if (key === this.shown) return;
    this.shown = key;
    fill(
      this.element,
      this.header(scene, box, paused, state),
      list(identity(scene, box)),
      paused && state.phase === 'python' && this.pythonSection(state),
      this.gradientSection(scene, box, paused && state.phase !== 'python' ? state : null, detail),
      box.row < 0 && this.worstSection(scene, box),
      savedSection(detail?.saved ?? (paused ? state.saved : undefined)),
      this.sourceSection(scene, box, detail),
      hooksSection(detail?.hooks),
      section(trans.__('Time and memory'), list(timeAndMemory(scene, box))),
    );
    if (box.row >= 0 && live && !detail) this.wanted.emit(scene.graph.id(box.row));
  }

  private empty(scene: Scene | null): void {
    const facts = scene ? overview(scene) : [];
    const key = `empty ${scene?.graph.iteration.number} ${scene?.graph.trace.id} ${JSON.stringify(facts)}`;
    if (key === this.shown) return;
    this.shown = key;
    const hint = trans.__(scene ? HINT : 'What is recorded shows here.');
    const root = scene?.outline.root;
    fill(
      this.element,
      scene && h('h2', {}, trans.__('Iteration %1', scene.graph.iteration.number)),
      list(facts),
      scene && root && this.worstSection(scene, root),
      h('p', { class: 'ag-hint' }, hint),
    );
  }

  private header(scene: Scene, box: Box, paused: boolean, state: State): HTMLElement {
    const set = scene.marks.at(box).length > 0;
    const button = h(
      'button',
      { type: 'button', class: 'ag-small', 'aria-pressed': String(set) },
      set ? trans.__('Remove breakpoint') : trans.__('Break here'),
    );
    on(button, 'click', () => this.toggleBreakpoint.emit(box));
    const kind = { op: 'op', leaf: 'leaf', function: 'custom Function', scope: 'module', fold: 'folded', hull: 'module' }[box.kind]; // prettier-ignore
    return h(
      'header', {},
      paused && h('p', { class: 'ag-pausedhere' }, `${trans.__(PAUSED[state.phase ?? 'backward'])}: ${state.reason ?? ''}`),
      h('h2', { dir: 'auto' }, fullTitle(scene, box)),
      h('p', { class: 'ag-kind' }, trans.__(kind)),
      button,
    ); // prettier-ignore
  }

  private gradientSection(
    scene: Scene,
    box: Box,
    state: State | null,
    detail: DetailMessage | undefined,
  ): HTMLElement {
    const known = detail?.gradient;
    const preview =
      known?.preview ?? state?.gradients?.map(g => g?.preview ?? trans.__('none')).join('\n');
    const width = Math.max(Math.min(this.element.clientWidth - 30, 380), 200);
    const histogram = known?.histogram;
    return section(
      trans.__('Gradient'),
      list([...(state ? arrived(state) : gradient(scene, box)), ...comparison(scene, box)]),
      histogram && histogram.counts.length > 0 && histogramPicture(histogram, width, scene.theme),
      preview !== undefined &&
        h('pre', { tabindex: 0, 'aria-label': trans.__('Preview of the gradient') }, preview),
    )!;
  }

  /** The nodes in a group whose gradients are worst. */
  private worstSection(scene: Scene, box: Box): HTMLElement | null {
    const { norm, flag, step } = scene.readings;
    const rows = [...box.rows].filter(row => (step[row] ?? -1) >= 0);
    const rank = (row: number): number => (isBad(flag[row]!) ? Infinity : norm[row]!);
    // Of what is not finite, where it began comes first.
    rows.sort((a, b) => (rank(a) === rank(b) ? step[a]! - step[b]! : rank(b) - rank(a)));
    if (!rows.length) return null;
    const items = rows.slice(0, WORST).map(row => {
      const value = isBad(flag[row]!) ? trans.__('not finite') : number(norm[row]!);
      const button = h('button', { type: 'button', class: 'ag-link' }, scene.graph.label(row));
      on(button, 'click', () => this.choose.emit(row));
      const module = scene.graph.isLeaf(row) ? '' : scene.graph.scopeAt(row).module;
      return h(
        'li', {},
        h('span', {}, button, module && h('span', { class: 'ag-quiet' }, ` ${module}`)),
        h('span', { class: 'ag-value' }, value),
      ); // prettier-ignore
    });
    const reached = nodes(rows.length);
    const title = isBad(flag[rows[0]!]!)
      ? trans.__('First of %1 reached', reached)
      : trans.__('Largest of %1 reached', reached);
    return section(title, h('ul', { class: 'ag-worst' }, ...items));
  }

  /** The line of Python that runs next. */
  private pythonSection({ location }: State): HTMLElement | null {
    if (!location) return null;
    const line = h('span', { class: 'ag-code', 'data-here': true }, h('i', {}, String(location.line)), location.text); // prettier-ignore
    const code = h('pre', { tabindex: 0, 'aria-label': trans.__('The line that runs next') }, line);
    return section(
      trans.__('Python runs next'),
      h('p', { class: 'ag-where' }, this.link(location)),
      code,
    );
  }

  private link(place: Place): HTMLElement {
    const link = h('button', { type: 'button', class: 'ag-link' }, place.where);
    on(link, 'click', () => this.goTo.emit(place));
    return link;
  }

  private sourceSection(scene: Scene, box: Box, detail?: DetailMessage): HTMLElement | null {
    const place = box.row < 0 ? null : scene.graph.place(box.row);
    if (!place) return null;
    const source = detail?.source ?? { lines: [place.text], first: place.line, at: place.line };
    const lines = source.lines.map((line, n) => {
      const here = source.first + n === source.at;
      return h(
        'span', { class: 'ag-code', 'data-here': here },
        h('i', {}, String(source.first + n)), `${line}\n`,
      ); // prettier-ignore
    });
    const code = h('pre', { tabindex: 0, 'aria-label': trans.__('Source of this node') }, ...lines);
    return section(trans.__('Source'), h('p', { class: 'ag-where' }, this.link(place)), code);
  }
}

/** A titled part; nothing if there is nothing in it. */
function section(
  title: string,
  ...children: (Node | null | undefined | false)[]
): HTMLElement | null {
  if (!children.some(Boolean)) return null;
  return h('section', {}, h('h3', {}, title), ...children);
}

function list(facts: readonly Fact[]): HTMLElement | null {
  if (!facts.length) return null;
  return h('dl', {}, ...facts.flatMap(([name, value]) => [h('dt', {}, name), h('dd', {}, value)]));
}

function savedSection(saved: readonly SavedState[] | undefined): HTMLElement | null {
  if (!saved?.length) return null;
  const parts = saved.flatMap(({ name, shape, dtype, value, preview }) => {
    const what = [shape && `[${shape.join(', ')}]`, dtype, value].filter(Boolean).join(' ');
    return [
      h('dt', {}, name),
      h(
        'dd',
        {},
        what,
        preview &&
          h('pre', { tabindex: 0, 'aria-label': trans.__('Preview of %1', name) }, preview),
      ),
    ];
  });
  return section(trans.__('Saved tensors'), h('dl', {}, ...parts));
}

function hooksSection(hooks: readonly string[] | undefined): HTMLElement | null {
  if (!hooks?.length) return null;
  return section(
    trans.__('Hooks'),
    h('ul', { class: 'ag-hooks' }, ...hooks.map(hook => h('li', {}, hook))),
  );
}
