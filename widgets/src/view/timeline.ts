/** Two sliders: which iteration, and how far its backward has come; and what to compare with. */

import { Emitter } from '../model/emitter.js';
import { h, on, setAttributes } from './dom.js';
import { trans } from '../trans.js';

export interface TimelineState {
  oldest: number;
  newest: number;
  shown: number;
  following: boolean;
  compare: number | null;
  steps: number;
  /** Null where all steps count. */
  position: number | null;
}

export class Timeline {
  readonly element: HTMLElement;
  /** Null follows the newest. */
  readonly iteration = new Emitter<number | null>();
  readonly compare = new Emitter<number | null>();
  readonly position = new Emitter<number | null>();

  private readonly iterationSlider = slider(trans.__('Iteration'));
  private readonly iterationText = h('output', {});
  private readonly latest = h('button', { type: 'button', class: 'ag-small' }, trans.__('Latest'));
  private readonly compareText = h('input', {
    type: 'number', min: 0, class: 'ag-number', placeholder: trans.__('none'),
    'aria-label': trans.__('Iteration to compare with; empty for none'),
  }); // prettier-ignore
  private readonly stepSlider = slider(trans.__('Backward step'));
  private readonly stepText = h('output', {});
  private readonly play = h('button', { type: 'button', class: 'ag-small' }, trans.__('Replay'));
  /** What there is no need of while there is one iteration. */
  private readonly ofIterations = [
    h('label', { class: 'ag-slide' }, h('span', {}, trans.__('Iteration')), this.iterationSlider, this.iterationText),
    this.latest,
    h('label', { class: 'ag-compare' }, h('span', {}, trans.__('Compare with')), this.compareText),
  ]; // prettier-ignore
  private playing = 0;
  private state: TimelineState | null = null;

  constructor() {
    this.element = h(
      'div', { class: 'ag-timeline' },
      ...this.ofIterations,
      h('label', { class: 'ag-slide' }, h('span', {}, trans.__('Step')), this.stepSlider, this.stepText),
      this.play,
    ); // prettier-ignore
    on(this.iterationSlider, 'input', () =>
      this.iteration.emit(Number(this.iterationSlider.value)),
    );
    on(this.latest, 'click', () => this.iteration.emit(null));
    on(this.compareText, 'change', () => {
      const { value } = this.compareText;
      this.compare.emit(value === '' ? null : Number(value));
    });
    on(this.stepSlider, 'input', () => {
      this.stop();
      this.goTo(Number(this.stepSlider.value));
    });
    on(this.play, 'click', () => (this.playing ? this.stop() : this.start()));
  }

  show(state: TimelineState): void {
    this.state = state;
    const { oldest, newest, shown, steps, position } = state;
    setAttributes(this.iterationSlider, { min: Math.max(oldest, 0), max: Math.max(newest, 0) });
    this.iterationSlider.value = String(shown);
    for (const part of this.ofIterations) part.hidden = newest <= oldest;
    this.iterationText.textContent = trans.__('%1 of %2', shown, Math.max(newest, 0));
    this.latest.setAttribute('aria-pressed', String(state.following));
    setAttributes(this.compareText, { min: oldest, max: newest });
    if (document.activeElement !== this.compareText) {
      this.compareText.value = state.compare === null ? '' : String(state.compare);
    }
    setAttributes(this.stepSlider, { min: 0, max: steps });
    this.stepSlider.value = String(position ?? steps);
    this.stepSlider.disabled = this.play.disabled = steps === 0;
    this.stepText.textContent = trans.__('%1 of %2', position ?? steps, steps);
  }

  dispose(): void {
    this.stop();
  }

  private goTo(step: number): void {
    const steps = this.state?.steps ?? 0;
    this.position.emit(step >= steps ? null : step);
  }

  private start(): void {
    const { steps = 0, position = null } = this.state ?? {};
    let at = position === null || position >= steps ? 0 : position;
    const stride = Math.max(1, Math.ceil(steps / 240)); // some eight seconds at 30 a second
    this.play.textContent = trans.__('Stop');
    this.playing = window.setInterval(() => {
      at += stride;
      this.goTo(at);
      if (at >= steps) this.stop();
    }, 33);
    this.goTo(at);
  }

  private stop(): void {
    window.clearInterval(this.playing);
    this.playing = 0;
    this.play.textContent = trans.__('Replay');
  }
}

function slider(label: string): HTMLInputElement {
  return h('input', { type: 'range', min: 0, max: 0, step: 1, 'aria-label': label });
}
