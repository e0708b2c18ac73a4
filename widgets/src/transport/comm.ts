/** Through the widget's own comm.  Reaches a paused kernel where comms run in subshells. */

import { Emitter } from '../model/emitter.js';
import type { DetailMessage, EventMessage, Reply, Request } from '../protocol/messages.js';
import { Pending, type Channel, type Incoming } from './channel.js';

/** What an anywidget model offers, as far as it is needed here. */
export interface WidgetModel {
  send(content: unknown): void;
  on(event: string, callback: (...args: never[]) => void): void;
  off(event: string, callback?: (...args: never[]) => void): void;
}

const PATIENCE = 4;

export class CommChannel implements Channel {
  readonly kind = 'comm';
  readonly incoming = new Emitter<Incoming>();
  private readonly pending = new Pending();
  private closed: string | null = null;
  private readonly receive = (content: unknown, buffers: readonly DataView[] = []): void => {
    const message = content as { type?: unknown } | null;
    switch (message?.type) {
      case 'frame':
        this.incoming.emit({ type: 'frame', header: content, buffer: buffers[0] });
        if ((content as { live?: boolean }).live === false) this.pending.answered('iteration');
        break;
      case 'event':
        this.incoming.emit(content as EventMessage);
        break;
      case 'detail':
        this.incoming.emit(content as DetailMessage);
        this.pending.answered('detail');
        break;
      case 'reply':
        this.pending.settle(content as Reply);
        break;
    }
  };

  constructor(private readonly model: WidgetModel) {
    model.on('msg:custom', this.receive);
  }

  unusable(): string | null {
    return this.closed;
  }

  /** The widget's comm is closed: the kernel has gone. */
  close(reason: string): void {
    this.closed = reason;
  }

  async request(request: Request, patience = PATIENCE): Promise<Reply> {
    return this.pending.send(request, patience, message => this.model.send(message));
  }

  dispose(): void {
    this.model.off('msg:custom', this.receive);
  }
}
