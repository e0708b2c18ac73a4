/**
 * One notebook's line to the debugger in its kernel.
 *
 *     asks    control channel, which is answered also while the main thread is blocked
 *     hears   iopub: events, once it has asked for `state` with `listen`, and rows of traces
 *     types   into the input box under the cell, which runs a command and closes the box
 */

import type { ISessionContext } from '@jupyterlab/apputils';
import { isCodeCellModel } from '@jupyterlab/cells';
import { NotebookActions, type Notebook, type NotebookPanel } from '@jupyterlab/notebook';
import { KernelMessage, type Kernel } from '@jupyterlab/services';

import { Emitter } from '../../src/model/emitter.js';
import { TraceModel } from '../../src/model/trace.js';
import type {
  Breakpoint,
  EventMessage,
  Reply,
  Request,
  State,
} from '../../src/protocol/messages.js';
import { ControlChannel, NAME, type ControlLink } from '../../src/transport/control.js';
import { Session } from '../../src/transport/session.js';
import { lineOf } from '../../src/transport/stdin.js';
import { buffersOf, frameIn, Frames, type Passing } from './frames.js';
import { History } from './history.js';
import { answerBox, closeBoxes } from './input_box.js';

const EVENT = `${NAME}_event`;
/** Milliseconds without a reply after which nobody is there to answer. */
const PATIENCE = 2000;
/** The same for what may be large. */
const LONG_PATIENCE = 10_000;
/** Milliseconds between a pause and its input box, at most. */
const BOX_ARRIVES = 600;
/** Commands of a paused run, which can be typed. */
const TYPED = new Set([
  'over', 'into', 'out', 'until', 'continue', 'back', 'stop', 'edit', 'replay', 'command',
]); // prettier-ignore

/** What a kernel's status is when it ends. */
const ENDS: ReadonlySet<Kernel.Status> = new Set([
  'restarting', 'autorestarting', 'terminating', 'dead',
] as const); // prettier-ignore

const NOBODY = 'the kernel does not answer';

/** What is known of the kernel's side, beside the state of the run. */
export type Contact =
  | 'no kernel' // none is running
  | 'asking' // connected, no answer yet
  | 'not loaded' // nobody answers: %load_ext has not run
  | 'lost' // the connection is gone and may come back
  | 'gone' // restarted or ended: what is shown is a record
  | 'there';

export type Arguments = Record<string, string | number | boolean>;

export class Link implements ControlLink {
  contact: Contact = 'asking';
  /** Something of this, or of the model, is new. */
  readonly changed = new Emitter<null>();
  /** The trace and the state of the run, as the renderer takes them. */
  readonly model = new TraceModel();
  readonly history = new History(this.model);
  readonly channel = new ControlChannel(() => this);
  readonly session = new Session(this.model, this.channel);
  /** The kernel that was there has ended. */
  readonly ended = new Emitter<null>();
  /** How often a second rows of traces come. */
  rate = 0;
  /** The id of the widget under whose cell the trace is shown, too; null if there is none. */
  widget: string | null = null;

  private readonly events = new Emitter<unknown>();
  private readonly previews = new Map<string, (text: string) => void>();
  private readonly frames = new Frames(
    frame => this.show(frame),
    () => void this.catchUp(),
  );
  private kernel: Kernel.IKernelConnection | null = null;
  /** Widgets that were made while this page listened. */
  private readonly made = new Set<string>();
  private disposed = false;
  private last = 0;
  private heard = 0;
  private pausedAt = 0;

  constructor(readonly notebook: NotebookPanel) {
    this.channel.unusable(); // from here on it hears
    this.model.changed.on(() => this.changed.emit(null));
    this.context.kernelChanged.connect(this.onKernel, this);
    this.context.sessionChanged.connect(this.onKernel, this);
    this.context.iopubMessage.connect(this.onIopub, this);
    this.context.statusChanged.connect(this.onStatus, this);
    this.context.connectionStatusChanged.connect(this.onConnection, this);
    NotebookActions.executionScheduled.connect(this.onCell, this);
    NotebookActions.executed.connect(this.onCell, this);
    this.onKernel();
  }

  get state(): State {
    return this.model.state;
  }

  get breakpoints(): readonly Breakpoint[] {
    return this.contact === 'there' ? this.model.breakpoints : [];
  }

  get paused(): boolean {
    return this.contact === 'there' && this.state.status === 'paused';
  }

  get hasKernel(): boolean {
    return this.kernel !== null;
  }

  /** Whether the page has what it needs to show a widget: it heard of it when it was made. */
  knows(widget: string): boolean {
    return this.made.has(widget);
  }

  /** Whether a cell runs; the kernel's own status is that of other messages, too. */
  get busy(): boolean {
    return this.notebook.content.widgets.some(
      ({ model }) => isCodeCellModel(model) && model.executionState === 'running',
    );
  }

  dispose(): void {
    this.disposed = true;
    this.context.kernelChanged.disconnect(this.onKernel, this);
    this.context.sessionChanged.disconnect(this.onKernel, this);
    this.context.iopubMessage.disconnect(this.onIopub, this);
    this.context.statusChanged.disconnect(this.onStatus, this);
    this.context.connectionStatusChanged.disconnect(this.onConnection, this);
    NotebookActions.executionScheduled.disconnect(this.onCell, this);
    NotebookActions.executed.disconnect(this.onCell, this);
    this.session.dispose();
  }

  // ------------------------------------------------------------ requests

  /** Ask the kernel for something. Its sentence if it refuses, else null. */
  async ask(command: string, given: Arguments = {}): Promise<string | null> {
    const reply = await this.send({ command, arguments: given });
    return reply.ok ? null : (reply.error ?? NOBODY);
  }

  /** Send a request the best way. */
  async send(content: object): Promise<Reply> {
    const request = content as Request;
    if (TYPED.has(request.command) && this.paused && !this.state.held) {
      if (await this.type(lineOf(request)!)) return { id: null, ok: true };
    }
    return (await this.post(content, LONG_PATIENCE)) ?? { id: null, ok: false, error: NOBODY };
  }

  listen(callback: (content: unknown) => void): () => void {
    return this.events.on(callback);
  }

  /** A gradient or a saved value of the stop as text. */
  async preview(what: Arguments): Promise<string> {
    const id = `preview-${++this.last}`;
    const text = new Promise<string>(resolve => this.previews.set(id, resolve));
    const reply = await this.send({ command: 'preview', arguments: what, id });
    if (!reply.ok) {
      this.previews.delete(id);
      return reply.error ?? NOBODY;
    }
    return text;
  }

  /** How often a second rows are to come, from now on. */
  subscribe(rate: number): void {
    this.rate = rate;
    if (this.contact === 'there') void this.ask('subscribe', { rate });
  }

  /** Ask how things are, and to be told of changes. */
  async refresh(tries = 5): Promise<void> {
    const { kernel } = this;
    if (kernel?.connectionStatus !== 'connected') return;
    const before = this.heard;
    const reply = await this.post({ command: 'state', arguments: { listen: true } }, PATIENCE);
    if (kernel !== this.kernel || this.disposed) return;
    if (reply?.ok) {
      this.contact = 'there';
      this.model.setLiveness('live');
      // An event that came while we waited is as new as the answer, or newer.
      if (this.heard === before) this.take(reply.result as unknown as State);
      if (this.rate) this.subscribe(this.rate);
      await this.catchUp();
    } else if (this.contact === 'asking' || this.contact === 'not loaded') {
      // A blocked kernel's channels take their time after a reload: ask again.
      const idle = kernel.status === 'idle';
      if (idle || tries === 1) this.contact = 'not loaded';
      if (tries > (idle ? 3 : 1)) void this.refresh(tries - 1);
    }
    this.changed.emit(null);
  }

  /** Load the extension if it certainly isn't. */
  async makeSureItIsLoaded(): Promise<void> {
    await this.context.ready;
    if (this.contact !== 'there') await this.load();
  }

  /** Run `%load_ext` in the kernel. The sentence of the kernel if that fails, else null. */
  async load(): Promise<string | null> {
    if (!this.kernel) return 'no kernel is running';
    const code = '%load_ext autograd_core';
    const done = await this.kernel.requestExecute({ code, store_history: false }).done;
    if (done.content.status === 'error') {
      const { ename, evalue } = done.content;
      return `${ename}: ${evalue}`;
    }
    this.contact = 'asking';
    await this.refresh();
    return null;
  }

  /** Get what was recorded before this page listened. */
  private async catchUp(): Promise<void> {
    const reply = await this.post({ command: 'hello' }, LONG_PATIENCE);
    const headers = (reply?.result?.['frames'] ?? []) as Passing['header'][];
    const widget = reply?.result?.['widget'] as string | null | undefined;
    this.frames.caughtUp(
      headers.map((header, n) => ({
        header,
        buffer: reply?.buffers?.[n],
        widget: widget ?? undefined,
      })),
    );
    this.history.restore(reply?.result?.['history'] ?? {});
  }

  /** Get what was left out while a cell ran too fast to be sent. */
  private async fillHistory(): Promise<void> {
    if (!this.history.hasGaps) return;
    const reply = await this.post(
      { command: 'history', arguments: { trace: this.model.id } },
      PATIENCE,
    );
    if (!reply?.ok) return;
    this.history.restore(reply.result ?? {});
    this.changed.emit(null);
  }

  // ------------------------------------------------------------ the two ways

  private async type(line: string): Promise<boolean> {
    const latest = this.pausedAt + BOX_ARRIVES;
    for (;;) {
      if (answerBox(this.notebook.content, line)) return true;
      if (Date.now() > latest || !this.paused) return false;
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  private post(content: object, patience: number): Promise<Reply | null> {
    const { kernel } = this;
    if (!kernel) return Promise.resolve(null);
    const message = KernelMessage.createMessage({
      msgType: NAME,
      channel: 'control',
      session: kernel.clientId,
      username: kernel.username,
      content,
    } as never) as unknown as KernelMessage.IControlMessage<'debug_request'>; // types know no others
    return new Promise(resolve => {
      const future = kernel.sendControlMessage(message, true, false);
      const end = (reply: Reply | null): void => {
        clearTimeout(timer);
        resolve(reply);
        future.dispose();
      };
      const timer = setTimeout(() => end(null), patience);
      future.onReply = reply =>
        end({ ...(reply.content as unknown as Reply), buffers: buffersOf(reply) });
      // Disposed when the kernel goes away: nobody will answer any more.
      future.done.catch(() => end(null));
    });
  }

  // ------------------------------------------------------------ what is heard

  private get context(): ISessionContext {
    return this.notebook.sessionContext;
  }

  private onCell(_: unknown, { notebook }: { notebook: Notebook }): void {
    if (notebook === this.notebook.content) this.changed.emit(null);
  }

  private onKernel(): void {
    this.end(this.isSeen ? 'gone' : 'asking');
    this.kernel = this.context.session?.kernel ?? null;
    if (!this.kernel && this.contact !== 'gone') this.contact = 'no kernel';
    this.changed.emit(null);
    void this.refresh();
  }

  private onConnection(_: unknown, status: Kernel.ConnectionStatus): void {
    if (status === 'connected') {
      if (this.contact !== 'gone') this.contact = 'asking';
      void this.refresh();
    } else if (this.contact !== 'no kernel' && this.contact !== 'gone') {
      this.contact = 'lost';
    }
    this.changed.emit(null);
  }

  private onStatus(_: unknown, status: Kernel.Status): void {
    if (ENDS.has(status)) {
      this.end(this.isSeen ? 'gone' : 'asking');
    } else if (this.contact === 'no kernel' && this.context.session?.kernel) {
      this.kernel = this.context.session.kernel;
      this.contact = 'asking';
      void this.refresh();
    }
    if (status === 'idle' && this.contact === 'there') void this.fillHistory();
    this.changed.emit(null);
  }

  /** Whether there is something to see of the kernel, also after its end. */
  private get isSeen(): boolean {
    return this.model.id !== '' || this.state.node !== undefined;
  }

  /** The kernel, if there was one, is no more. */
  private end(contact: 'asking' | 'gone'): void {
    this.contact = contact;
    this.frames.forget();
    this.made.clear();
    if (this.model.id) this.model.setLiveness('recorded');
    if (contact !== 'gone') this.model.setState({ status: 'idle' });
    closeBoxes(this.notebook.content, this.kernel);
    this.ended.emit(null);
    this.changed.emit(null);
  }

  private show({ header, buffer, widget }: Passing): void {
    this.widget = widget ?? null;
    this.channel.incoming.emit({ type: 'frame', header, buffer });
  }

  private onIopub(_: unknown, message: KernelMessage.IMessage): void {
    const frame = frameIn(message);
    if (frame) {
      this.frames.pass(frame);
    } else if (message.header.msg_type === 'comm_open') {
      this.made.add((message as KernelMessage.ICommOpenMsg).content.comm_id);
    } else if ((message.header.msg_type as string) === EVENT) {
      this.onEvent(message.content as unknown as EventMessage);
    } else if (message.header.msg_type === 'execute_input' && this.contact !== 'there') {
      this.watchForLoading((message as KernelMessage.IExecuteInputMsg).content.code);
    }
  }

  private onEvent(event: EventMessage): void {
    if (event.event === 'preview') {
      const { text, error } = (event.result ?? {}) as { text?: string; error?: string };
      this.previews.get(String(event.id))?.(text ?? error ?? '');
      this.previews.delete(String(event.id));
      return;
    }
    if (this.contact === 'gone') return; // last words of a kernel that is being restarted
    this.heard += 1;
    this.contact = 'there';
    this.events.emit(event);
    this.noteTheStop();
  }

  private take(state: State): void {
    this.model.setState(state);
    this.noteTheStop();
  }

  private noteTheStop(): void {
    const { status } = this.state;
    this.pausedAt = status === 'paused' ? Date.now() : 0;
    if (status === 'idle') closeBoxes(this.notebook.content, this.kernel);
  }

  /** A cell that may load the extension begins: ask again until it has, a few times. */
  private watchForLoading(code: string, tries = 5): void {
    if (!/autograd|jupyter_ext/.test(code) || this.disposed) return;
    const retry = (): void => {
      if (tries > 0 && this.contact !== 'there') this.watchForLoading(code, tries - 1);
    };
    void this.refresh().then(() => setTimeout(retry, 300));
  }
}
