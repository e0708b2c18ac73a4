/**
 * Through the kernel's control channel, which has a thread of its own: the best way to a
 * paused kernel.  Only an extension of JupyterLab or Notebook can open it; one that is there
 * offers it to the widgets of the page by `offerControl`.
 */

import { Emitter } from '../model/emitter.js';
import type { DetailMessage, EventMessage, Reply, Request } from '../protocol/messages.js';
import { Pending, UnreachableError, type Channel, type Incoming } from './channel.js';
import { trans } from '../trans.js';

/** Type of the control messages; replies and events have it with a suffix. */
export const NAME = 'autograd_core.debug';

/** What an extension puts in: sends a control message, and hears what comes back. */
export interface ControlLink {
  /** Sends the content of a message of type `NAME`; resolves to the reply's, with `buffers`. */
  send(content: object): Promise<unknown>;
  /**
   * Calls back with the content of events, and with one named `GONE` when the kernel has ended;
   * what it returns ends that.
   */
  listen(callback: (content: unknown) => void): () => void;
}

type Offer = (element: Element) => ControlLink | null;

const KEY = Symbol.for('autograd_core.control');
const PATIENCE = 6;

/** Offer links to the kernels of a page, by an element of the notebook. */
export function offerControl(offer: Offer): void {
  (globalThis as unknown as Record<symbol, Offer>)[KEY] = offer;
}

/** The link to the kernel of the notebook around an element, if somebody offers one. */
export function controlLink(element: Element): ControlLink | null {
  const offer = (globalThis as unknown as Record<symbol, Offer | undefined>)[KEY];
  return offer?.(element) ?? null;
}

export class ControlChannel implements Channel {
  readonly kind = 'control';
  readonly incoming = new Emitter<Incoming>();
  private readonly pending = new Pending();
  private link: ControlLink | null = null;
  private stop: (() => void) | null = null;

  /** `find` is asked anew as long as there is no link: extensions may come later. */
  constructor(private readonly find: () => ControlLink | null) {}

  unusable(): string | null {
    if (this.link) return null;
    this.link = this.find();
    if (!this.link) return trans.__('the JupyterLab extension of autograd_core is not there');
    this.stop = this.link.listen(content => {
      this.incoming.emit({ ...(content as EventMessage), type: 'event' });
    });
    return null;
  }

  async request(request: Request, patience = PATIENCE): Promise<Reply> {
    const reason = this.unusable();
    if (reason) throw new UnreachableError(reason);
    return this.pending.send(request, patience, message => {
      const { id } = message as { id: number };
      this.link!.send(message).then(
        reply => {
          this.unpack(request.command, reply as Reply);
          this.pending.settle({ ...(reply as Reply), id });
        },
        (error: unknown) => this.pending.settle({ id, ok: false, error: String(error) }),
      );
    });
  }

  dispose(): void {
    this.stop?.();
  }

  /** What comes by itself over a comm lies in the reply here. */
  private unpack(command: string, { ok, result, buffers }: Reply): void {
    if (!ok || !result) return;
    const frames = (result['frames'] ?? []) as unknown[];
    frames.forEach((header, n) => {
      this.incoming.emit({ type: 'frame', header, buffer: buffers?.[n] });
    });
    if (command === 'detail') {
      this.incoming.emit({ ...(result as unknown as DetailMessage), type: 'detail' });
    }
  }
}
