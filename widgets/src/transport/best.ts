/** Several ways to one kernel: the best that works, and the next where it does not. */

import { Emitter } from '../model/emitter.js';
import type { Reply, Request } from '../protocol/messages.js';
import {
  insist,
  UnreachableError,
  UnspeakableError,
  type Channel,
  type Incoming,
} from './channel.js';
import { trans } from '../trans.js';

const UNHEARD =
  'the paused kernel does not hear this page; type the command into the input box of the cell';

const NOBODY = (): string => trans.__('there is no kernel');

export class BestChannel implements Channel {
  readonly incoming = new Emitter<Incoming>();
  /** Ways that did not answer, which are tried last from then on. */
  private readonly silent = new Set<Channel>();

  constructor(private readonly ways: readonly Channel[]) {
    for (const way of ways) way.incoming.on(message => this.incoming.emit(message));
  }

  get kind(): Channel['kind'] {
    return this.usable()[0]?.kind ?? 'none';
  }

  unusable(): string | null {
    const usable = this.usable();
    if (usable.some(way => !this.silent.has(way))) return null;
    return usable.length ? trans.__(UNHEARD) : (this.ways[0]?.unusable() ?? NOBODY());
  }

  async request(request: Request): Promise<Reply> {
    let failure = new UnreachableError(this.unusable() ?? NOBODY());
    for (const way of this.usable()) {
      try {
        const reply = await way.request(request);
        this.silent.delete(way);
        return reply;
      } catch (error) {
        if (!(error instanceof UnreachableError)) throw error;
        if (!(error instanceof UnspeakableError)) this.silent.add(way);
        failure = error;
      }
    }
    throw failure;
  }

  /** Find out whether the kernel hears us as it is now, by a question that changes nothing. */
  async probe(): Promise<void> {
    for (const way of this.usable()) {
      try {
        await insist(way, { command: 'state' });
        this.silent.delete(way);
        return;
      } catch (error) {
        if (!(error instanceof UnspeakableError)) this.silent.add(way);
      }
    }
  }

  dispose(): void {
    for (const way of this.ways) way.dispose();
  }

  private usable(): Channel[] {
    const usable = this.ways.filter(way => way.unusable() === null);
    return usable.sort((a, b) => Number(this.silent.has(a)) - Number(this.silent.has(b)));
  }
}
