/**
 * Layout without stutter: small graphs at once, large ones in a worker.
 *
 * A page's policy may forbid workers, which is only noticed when the first one fails; its job
 * is then done here, and so are all later ones.
 */

import { makeEngine } from 'engine:code';
import type { LayoutJob, LayoutResult } from './nested.js';

type Job = Omit<LayoutJob, 'id'>;
type Done = (result: LayoutResult) => void;

/** Boxes and arrows up to which a worker is not worth its start. */
const SMALL = 600;

export class LayoutClient {
  private readonly engine = makeEngine();
  private worker: Worker | null = null;
  private forbidden = false;
  private next = 0;
  private running: { job: LayoutJob; done: Done } | null = null;
  private waiting: { job: LayoutJob; done: Done } | null = null;

  /** Lay out a job; `done` is not called for a job that a newer one made pointless. */
  layOut(job: Job, done: Done): void {
    const numbered = { ...job, id: this.next++ };
    this.waiting = null;
    if (job.parent.length + job.source.length <= SMALL || this.forbidden) {
      this.running = null;
      done(this.engine.layOut(numbered));
    } else if (this.running) {
      this.waiting = { job: numbered, done };
    } else {
      this.send({ job: numbered, done });
    }
  }

  dispose(): void {
    this.worker?.terminate();
    this.worker = this.running = this.waiting = null;
  }

  private send(entry: { job: LayoutJob; done: Done }): void {
    this.running = entry;
    try {
      this.worker ??= this.start();
      this.worker.postMessage(entry.job);
    } catch {
      this.doItHere();
    }
  }

  private start(): Worker {
    const program =
      `const engine = (${makeEngine.toString()})();` +
      'onmessage = ({ data }) => postMessage(engine.layOut(data));';
    const url = URL.createObjectURL(new Blob([program], { type: 'text/javascript' }));
    const worker = new Worker(url);
    worker.onmessage = ({ data }: MessageEvent<LayoutResult>) => {
      this.receive(data);
      URL.revokeObjectURL(url);
    };
    worker.onerror = event => {
      event.preventDefault();
      this.doItHere();
    };
    return worker;
  }

  private receive(result: LayoutResult): void {
    const { running, waiting } = this;
    this.running = this.waiting = null;
    if (waiting) this.send(waiting);
    else if (running?.job.id === result.id) running.done(result);
  }

  private doItHere(): void {
    this.forbidden = true;
    this.worker?.terminate();
    this.worker = null;
    const entry = this.waiting ?? this.running;
    this.running = this.waiting = null;
    entry?.done(this.engine.layOut(entry.job));
  }
}
