/** Between a channel and the model: what comes in is filed, what goes out is numbered. */

import { Emitter } from '../model/emitter.js';
import type { TraceModel } from '../model/trace.js';
import { readFrame, type Frame } from '../protocol/frame.js';
import type { Reply } from '../protocol/messages.js';
import { GONE, UnreachableError, type Channel, type Incoming } from './channel.js';
import { trans } from '../trans.js';

/** Requests that are about the trace that is shown, not about the run. */
const ABOUT_TRACES = new Set(['iteration', 'detail']);

export class Session {
  /** In one sentence what went wrong. */
  readonly reported = new Emitter<string>();
  /** Told when something was lost on its way here. */
  lost: () => void = () => undefined;
  private readonly stop: () => void;
  private readonly asked = new Set<string>();
  private over = false;

  constructor(
    readonly model: TraceModel,
    readonly channel: Channel,
  ) {
    this.stop = channel.incoming.on(message => this.receive(message));
  }

  /**
   * Ask how things stand; after a reload this is how the view finds back.  A widget says
   * "hello" and gets all there is; without an answer it shows what was recorded.
   */
  async greet(command: 'hello' | 'state', arguments_: Record<string, unknown> = {}): Promise<void> {
    const reply = await this.ask(command, arguments_, true);
    if (!reply) {
      if (this.model.liveness === 'connecting') this.model.setLiveness('recorded');
      return;
    }
    this.model.setLiveness('live');
    if (reply.ok && reply.result) this.model.setState({ status: 'idle', ...reply.result });
  }

  /** Send a request; failures are reported, and give null unless the kernel answered. */
  async ask(
    command: string,
    arguments_: Record<string, unknown> = {},
    quiet = false,
  ): Promise<Reply | null> {
    try {
      const asked = ABOUT_TRACES.has(command)
        ? { ...arguments_, trace: this.model.id }
        : arguments_;
      const reply = await this.channel.request({ command, arguments: asked });
      if (!reply.ok && !quiet) this.report(reply.error ?? trans.__('%1 did not work', command));
      return reply;
    } catch (error) {
      if (!(error instanceof UnreachableError)) throw error;
      if (!quiet) {
        this.report(trans.__('The kernel could not be reached: %1.', error.message));
        this.lost();
      }
      return null;
    }
  }

  /** Ask for something once, not again while the answer is on its way. */
  async askOnce(command: string, arguments_: Record<string, unknown>): Promise<Reply | null> {
    const key = `${command} ${JSON.stringify(arguments_)}`;
    if (this.asked.has(key)) return null;
    this.asked.add(key);
    try {
      return await this.ask(command, arguments_, command === 'detail');
    } finally {
      this.asked.delete(key);
    }
  }

  report(sentence: string): void {
    this.reported.emit(sentence);
  }

  /** Whether the kernel that was behind this is certainly gone. */
  get hasEnded(): boolean {
    return this.over;
  }

  dispose(): void {
    this.stop();
    this.channel.dispose();
  }

  private file(frame: Frame): void {
    const gap = this.model.hasGapBefore(frame);
    this.model.apply(frame);
    if (gap) this.lost();
  }

  private receive(message: Incoming): void {
    if (message.type === 'event' && message.event === GONE) {
      this.over = true;
      this.model.setLiveness('recorded');
    }
    if (this.over) return; // a kernel's last words would make it look alive
    this.model.setLiveness('live');
    try {
      if (message.type === 'frame') this.file(readFrame(message.header, message.buffer));
      else if (message.type === 'detail') this.model.setDetail(message);
      else if (message.state) this.model.setState(message.state);
    } catch (error) {
      this.report(trans.__("What the kernel sent can't be shown: %1.", (error as Error).message));
    }
  }
}
