/**
 * One notebook's line to the debugger in its kernel.
 *
 *     asks    control channel, which is answered also while the main thread is blocked
 *     hears   iopub, once it has asked for `state` with `listen`
 *     types   into the input box under the cell, which runs a command and closes the box
 */

import { ISessionContext } from '@jupyterlab/apputils';
import { NotebookPanel } from '@jupyterlab/notebook';
import { Kernel, KernelMessage } from '@jupyterlab/services';
import { IDisposable } from '@lumino/disposable';
import { ISignal, Signal } from '@lumino/signaling';

import { answerBox } from './input_box';
import { Arguments, Breakpoint, EVENT, Event, lineOf, NAME, Reply, State } from './protocol';

/** Milliseconds without a reply after which nobody is there to answer. */
const PATIENCE = 2000;
/** Milliseconds between a pause and its input box, at most. */
const BOX_ARRIVES = 600;

/** What is known of the kernel's side, beside the state of the run. */
export type Contact =
  | 'no kernel' // none is running
  | 'asking' // connected, no answer yet
  | 'not loaded' // nobody answers: %load_ext has not run
  | 'lost' // the connection is gone and may come back
  | 'gone' // restarted or ended: what is shown is a record
  | 'there';

export class Link implements IDisposable {
  /** Of the run; what was heard last. */
  state: State = { status: 'idle' };
  contact: Contact = 'asking';
  breakpoints: Breakpoint[] = [];

  private readonly _changed = new Signal<this, void>(this);
  private readonly _previews = new Map<number, (text: string) => void>();
  private _kernel: Kernel.IKernelConnection | null = null;
  private _disposed = false;
  private _last = 0;
  private _heard = 0;
  private _pausedAt = 0;

  constructor(readonly notebook: NotebookPanel) {
    this._context.kernelChanged.connect(this._onKernel, this);
    this._context.iopubMessage.connect(this._onIopub, this);
    this._context.statusChanged.connect(this._onStatus, this);
    this._context.connectionStatusChanged.connect(this._onConnection, this);
    this._onKernel();
  }

  /** Something of the above is new. */
  get changed(): ISignal<this, void> {
    return this._changed;
  }

  get paused(): boolean {
    return this.contact === 'there' && this.state.status === 'paused';
  }

  /** Why no command can be taken now, one of a few fixed words; null if it can. */
  get whyNot(): 'held' | 'nothing' | null {
    if (!this.paused) {
      return 'nothing';
    }
    return this.state.held ? 'held' : null;
  }

  get isDisposed(): boolean {
    return this._disposed;
  }

  dispose(): void {
    this._disposed = true;
    Signal.clearData(this);
  }

  // ------------------------------------------------------------ commands

  /** Command the paused run. The sentence of the kernel if it refuses, else null. */
  async command(name: string, given: Arguments = {}): Promise<string | null> {
    if (this.whyNot === null && (await this._type(lineOf(name, given)))) {
      return null;
    }
    return this.ask(name, given);
  }

  /** Ask on the control channel. The sentence of the kernel if it refuses, else null. */
  async ask(name: string, given: Arguments = {}): Promise<string | null> {
    const reply = await this._request(name, given);
    if (reply === null) {
      return 'the kernel does not answer';
    }
    const rows = reply.result?.breakpoints as Breakpoint[] | undefined;
    if (rows) {
      this.breakpoints = rows;
      this._changed.emit();
    }
    return reply.ok ? null : (reply.error ?? '');
  }

  /** A gradient or a saved value of the stop as text. */
  async preview(what: Arguments): Promise<string> {
    const id = ++this._last;
    const text = new Promise<string>(resolve => this._previews.set(id, resolve));
    const reply = await this._request('preview', what, id);
    if (!reply?.ok) {
      this._previews.delete(id);
      return reply?.error ?? 'the kernel does not answer';
    }
    return text;
  }

  /** Ask how things are, and to be told of changes. */
  async refresh(tries = 5): Promise<void> {
    const kernel = this._kernel;
    if (kernel?.connectionStatus !== 'connected') {
      return;
    }
    const before = this._heard;
    const reply = await this._request('state', { listen: true });
    if (kernel !== this._kernel || this._disposed) {
      return;
    }
    if (reply?.ok) {
      this.contact = 'there';
      if (this._heard === before) {
        // An event that came while we waited is as new as the answer, or newer.
        this._take(reply.result as unknown as State);
      }
    } else if (this.contact === 'asking') {
      // A blocked kernel's channels take their time after a reload: ask again.
      if (tries > 1 && kernel.status !== 'idle') {
        return this.refresh(tries - 1);
      }
      this.contact = 'not loaded';
    }
    this._changed.emit();
  }

  /** Load the extension if it certainly isn't. */
  async makeSureItIsLoaded(): Promise<void> {
    await this._context.ready;
    if (this.contact !== 'there') {
      await this.load();
    }
  }

  /** Run `%load_ext` in the kernel. The sentence of the kernel if that fails, else null. */
  async load(): Promise<string | null> {
    if (!this._kernel) {
      return 'no kernel is running';
    }
    const code = '%load_ext autograd_core';
    const done = await this._kernel.requestExecute({ code, store_history: false }).done;
    if (done.content.status === 'error') {
      const { ename, evalue } = done.content as KernelMessage.IReplyErrorContent;
      return `${ename}: ${evalue}`;
    }
    this.contact = 'asking';
    await this.refresh();
    return null;
  }

  // ------------------------------------------------------------ the two ways

  private async _type(line: string): Promise<boolean> {
    const latest = this._pausedAt + BOX_ARRIVES;
    for (;;) {
      if (answerBox(this.notebook.content, line)) {
        return true;
      }
      if (Date.now() > latest || !this.paused) {
        return false;
      }
      await new Promise(resolve => setTimeout(resolve, 20));
    }
  }

  private _request(command: string, given: Arguments, id = ++this._last): Promise<Reply | null> {
    const kernel = this._kernel;
    if (!kernel) {
      return Promise.resolve(null);
    }
    const message = KernelMessage.createMessage({
      msgType: NAME,
      channel: 'control',
      session: kernel.clientId,
      username: kernel.username,
      content: { command, arguments: given, id },
    } as never) as unknown as KernelMessage.IControlMessage<'debug_request'>; // types know no others
    return new Promise(resolve => {
      const future = kernel.sendControlMessage(message, true, false);
      const end = (reply: Reply | null): void => {
        clearTimeout(timer);
        resolve(reply);
        future.dispose();
      };
      const timer = setTimeout(() => end(null), PATIENCE);
      future.onReply = reply => end(reply.content as unknown as Reply);
      // Disposed when the kernel goes away: nobody will answer any more.
      future.done.catch(() => end(null));
    });
  }

  // ------------------------------------------------------------ what is heard

  private get _context(): ISessionContext {
    return this.notebook.sessionContext;
  }

  private _onKernel(): void {
    this._kernel = this._context.session?.kernel ?? null;
    this._end(this._kernel ? 'asking' : 'no kernel');
    void this.refresh();
  }

  private _onConnection(_: unknown, status: Kernel.ConnectionStatus): void {
    if (status === 'connected') {
      if (this.contact !== 'gone') {
        this.contact = 'asking';
      }
      void this.refresh();
    } else if (this.contact !== 'no kernel' && this.contact !== 'gone') {
      this.contact = 'lost';
    }
    this._changed.emit();
  }

  private _onStatus(_: unknown, status: Kernel.Status): void {
    if (status === 'restarting' || status === 'autorestarting' || status === 'dead') {
      const wasPaused = this.state.node !== undefined && this.contact !== 'not loaded';
      this._end(wasPaused || this.contact === 'gone' ? 'gone' : 'asking');
    } else if (this.contact === 'no kernel' && this._context.session?.kernel) {
      this._kernel = this._context.session.kernel;
      this.contact = 'asking';
      void this.refresh();
    }
  }

  private _end(contact: Contact): void {
    this.contact = contact;
    if (contact !== 'gone') {
      this.state = { status: 'idle' };
    }
    this.breakpoints = [];
    this._changed.emit();
  }

  private _onIopub(_: unknown, message: KernelMessage.IMessage): void {
    if ((message.header.msg_type as string) === EVENT) {
      this._onEvent(message.content as unknown as Event);
    } else if (message.header.msg_type === 'execute_input' && this.contact !== 'there') {
      this._watchForLoading((message as KernelMessage.IExecuteInputMsg).content.code);
    }
  }

  private _onEvent(event: Event): void {
    if (event.event === 'preview') {
      const { text, error } = event.result ?? {};
      this._previews.get(event.id ?? 0)?.(text ?? error ?? '');
      this._previews.delete(event.id ?? 0);
      return;
    }
    if (this.contact === 'gone') {
      return; // last words of a kernel that is being restarted
    }
    this._heard += 1;
    this.contact = 'there';
    if (event.state) {
      this._take(event.state);
    }
    this._changed.emit();
  }

  private _take(state: State): void {
    this.state = state;
    this.breakpoints = state.breakpoints ?? [];
    this._pausedAt = state.status === 'paused' ? Date.now() : 0;
  }

  /** A cell that may load the extension begins: ask again until it has, a few times. */
  private _watchForLoading(code: string, tries = 5): void {
    if (!/autograd|jupyter_ext/.test(code) || this._disposed) {
      return;
    }
    const retry = (): void => {
      if (tries > 0 && this.contact !== 'there') {
        this._watchForLoading(code, tries - 1);
      }
    };
    void this.refresh().then(() => setTimeout(retry, 300));
  }
}
