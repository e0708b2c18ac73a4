/** Ways to a kernel, all alike: requests go there and are answered, messages come from there. */

import { Emitter } from '../model/emitter.js';
import type { DetailMessage, EventMessage, Reply, Request } from '../protocol/messages.js';
import { trans } from '../trans.js';

/** What a kernel sends without being asked, or as the answer to something larger. */
export type Incoming =
  { type: 'frame'; header: unknown; buffer: DataView | undefined } | EventMessage | DetailMessage;

/** An event that no kernel sends: whoever sees it end says so in its place. */
export const GONE = 'gone';

export interface Channel {
  readonly kind: 'comm' | 'control' | 'stdin' | 'none';
  readonly incoming: Emitter<Incoming>;
  /** Why it can't be used now, in words; null if it can. */
  unusable(): string | null;
  /** Send a request; the reply says at least whether it arrived. */
  request(request: Request, patience?: number): Promise<Reply>;
  dispose(): void;
}

/** Nobody took the request: another way may do better. */
export class UnreachableError extends Error {
  override name = 'UnreachableError';
}

/** This way has no word for the request, though it may have for others. */
export class UnspeakableError extends UnreachableError {
  override name = 'UnspeakableError';
}

/**
 * Seconds to wait for an answer, one attempt after the other.  The first message may go to a
 * shell that is blocked, while the page still opens one that is not.
 */
const ATTEMPTS = [1, 3];

/** Ask for what may be asked for twice. */
export async function insist(channel: Channel, request: Request): Promise<Reply> {
  for (const patience of ATTEMPTS) {
    try {
      return await channel.request(request, patience);
    } catch (error) {
      if (!(error instanceof UnreachableError) || error instanceof UnspeakableError) throw error;
    }
  }
  throw new UnreachableError(trans.__('no answer to "%1"', request.command));
}

/** No kernel: a recorded run that is only looked at. */
export class NoChannel implements Channel {
  readonly kind = 'none';
  readonly incoming = new Emitter<Incoming>();

  unusable(): string {
    return trans.__('recorded: there is no kernel behind this picture');
  }

  request(): Promise<Reply> {
    return Promise.reject(new UnreachableError(this.unusable()));
  }

  dispose(): void {
    // Nothing is open.
  }
}

/** Requests that wait for their reply, by number. */
export class Pending {
  private next = 1;
  private readonly waiting = new Map<
    number,
    { command: string; resolve: (reply: Reply) => void }
  >();

  /** Number a request and send it; rejects if there is no reply in time. */
  send(request: Request, seconds: number, post: (numbered: object) => void): Promise<Reply> {
    const id = this.next++;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        this.waiting.delete(id);
        const late = trans.__('no answer to "%1" within %2 s', request.command, seconds);
        reject(new UnreachableError(late));
      }, seconds * 1000);
      const settle = (reply: Reply): void => {
        clearTimeout(timer);
        resolve(reply);
      };
      this.waiting.set(id, { command: request.command, resolve: settle });
      post({ command: request.command, arguments: request.arguments ?? {}, id });
    });
  }

  /** Give a reply to whoever waits for it. */
  settle(reply: Reply): void {
    const found = this.waiting.get(Number(reply.id));
    this.waiting.delete(Number(reply.id));
    found?.resolve(reply);
  }

  /** What came is itself the answer to all requests of this command. */
  answered(command: string): void {
    for (const [id, entry] of this.waiting) {
      if (entry.command === command) this.settle({ id, ok: true });
    }
  }
}
