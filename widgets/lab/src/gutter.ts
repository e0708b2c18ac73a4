/**
 * Marks beside lines of cells: where the backward node of a line has a breakpoint, and which
 * line made the node that a run is paused at.
 */

import { RangeSet, StateEffect, StateField, type Extension, type Range } from '@codemirror/state';
import { EditorView, gutter, GutterMarker, ViewPlugin } from '@codemirror/view';
import type { CodeEditor } from '@jupyterlab/codeeditor';
import type { TranslationBundle } from '@jupyterlab/translation';

import { sourcesOf } from './cells.js';
import type { Link } from './link.js';
import { marksOf, type CellMarks, type Mark } from './marks.js';

const setMarks = StateEffect.define<RangeSet<GutterMarker>>();

const field = StateField.define<RangeSet<GutterMarker>>({
  create: () => RangeSet.empty,
  update(marks, transaction) {
    let now = marks.map(transaction.changes);
    for (const effect of transaction.effects) if (effect.is(setMarks)) now = effect.value;
    return now;
  },
});

class Sign extends GutterMarker {
  constructor(
    private readonly mark: Mark,
    private readonly title: string,
  ) {
    super();
  }

  override eq(other: GutterMarker): boolean {
    return other instanceof Sign && other.title === this.title && sameKind(other.mark, this.mark);
  }

  override toDOM(): HTMLElement {
    const sign = document.createElement('span');
    sign.className = 'ag-GutterMark';
    sign.title = this.title;
    sign.setAttribute('role', 'img');
    sign.setAttribute('aria-label', this.title);
    sign.toggleAttribute('data-breakpoint', this.mark.breakpoints.length > 0);
    sign.toggleAttribute('data-off', !this.mark.breakpoints.some(b => b.enabled));
    sign.toggleAttribute('data-paused', this.mark.paused);
    return sign;
  }
}

function sameKind(one: Mark, other: Mark): boolean {
  const on = (mark: Mark): boolean => mark.breakpoints.some(b => b.enabled);
  return on(one) === on(other) && one.paused === other.paused;
}

export class Gutter {
  private readonly views = new Map<EditorView, string>();
  private marks: CellMarks = new Map();
  private link: Link | null = null;
  private shown = '';

  constructor(private readonly trans: TranslationBundle) {}

  /** What an editor gets for it; `model` says which cell it shows. */
  extensionFor(model: CodeEditor.IModel): Extension {
    const id = (model as { id?: string }).id ?? '';
    const { views } = this;
    const draw = (view: EditorView): void => this.draw(view);
    const plugin = ViewPlugin.define(view => {
      views.set(view, id);
      queueMicrotask(() => {
        if (views.has(view)) draw(view);
      });
      return { destroy: () => views.delete(view) };
    });
    const column = gutter({ class: 'ag-Gutter', markers: view => view.state.field(field) });
    return [field, plugin, column];
  }

  /** Show what there is to mark in a notebook. */
  update(link: Link | null): void {
    this.link = link;
    this.marks = link
      ? marksOf(link.model, link.breakpoints, sourcesOf(link.notebook))
      : new Map<string, Map<number, Mark>>();
    const shown = JSON.stringify([...this.marks].map(([id, lines]) => [id, [...lines]]));
    if (shown === this.shown) return;
    this.shown = shown;
    for (const view of this.views.keys()) this.draw(view);
  }

  private draw(view: EditorView): void {
    const marks: Range<GutterMarker>[] = [];
    for (const [line, mark] of this.marks.get(this.views.get(view) ?? '') ?? []) {
      if (line >= view.state.doc.lines) continue;
      const { from } = view.state.doc.line(line + 1);
      marks.push(new Sign(mark, this.words(mark)).range(from));
    }
    const now = RangeSet.of(marks, true);
    if (now.size || view.state.field(field).size) view.dispatch({ effects: setMarks.of(now) });
  }

  private words({ breakpoints, paused }: Mark): string {
    const texts = breakpoints.map(({ number, text }) =>
      this.trans.__('Breakpoint %1: %2', number, text),
    );
    if (paused) texts.unshift(this.trans.__('Paused here: %1', this.link?.state.reason ?? ''));
    return texts.join('\n');
  }
}
