/**
 * Rows of traces on their way to the panel: some pass by to a widget, some are for it alone.
 *
 * They make sense from the first on.  Whoever came later asks for what was before, and holds
 * back what passes by meanwhile.
 */

import type { KernelMessage } from '@jupyterlab/services';

import type { FrameHeader } from '../../src/protocol/messages.js';
import { NAME } from '../../src/transport/control.js';

const FRAME = `${NAME}_frame`;

export interface Passing {
  header: FrameHeader;
  buffer: DataView | undefined;
  /** The id of the widget that it goes to; undefined if it is for the panel alone. */
  widget?: string | undefined;
}

export class Frames {
  /** The trace whose frames make sense here. */
  private known = '';
  private held: Passing[] = [];
  private asked = false;

  /**
   * `take` gets the frames, in order; `ask` is called to have everything sent again, which
   * comes to `caughtUp`.
   */
  constructor(
    private readonly take: (frame: Passing) => void,
    private readonly ask: () => void,
  ) {}

  /** A frame passes by. */
  pass(frame: Passing): void {
    const { header } = frame;
    if (header.sequence === 1 && !header.again) {
      // Another kernel's first trace may have the name of the last one's.
      this.known = header.trace;
      this.held = [];
      this.take({ ...frame, header: { ...header, whole: true } });
    } else if (header.trace === this.known) {
      this.take(frame);
    } else {
      this.held.push(frame);
      if (!this.asked) this.ask();
      this.asked = true;
    }
  }

  /** All there is has come; empty if there is nothing yet, or if nobody answered. */
  caughtUp(frames: readonly Passing[]): void {
    this.asked = false;
    const held = this.held;
    this.held = [];
    if (!frames.length) return;
    this.known = frames[0]!.header.trace;
    // Those that are in there already have lower numbers, and are dropped by the model.
    for (const frame of [...frames, ...held]) {
      if (frame.header.trace === this.known) this.take(frame);
    }
  }

  /** Another kernel: what comes has a beginning of its own. */
  forget(): void {
    this.known = '';
    this.held = [];
    this.asked = false;
  }
}

/** The frame in a message on iopub, if it holds one. */
export function frameIn(message: KernelMessage.IMessage): Passing | null {
  const type: string = message.header.msg_type;
  if (type === FRAME) return { header: message.content as FrameHeader, buffer: firstOf(message) };
  if (type !== 'comm_msg') return null;
  const { comm_id: widget, data } = message.content as { comm_id?: string; data?: WidgetMessage };
  const header = data?.method === 'custom' ? data.content : undefined;
  return isFrame(header) ? { header, buffer: firstOf(message), widget } : null;
}

/** What ipywidgets sends for a widget's own messages. */
interface WidgetMessage {
  method?: string;
  content?: unknown;
}

function isFrame(content: unknown): content is FrameHeader {
  const header = content as Partial<FrameHeader> | null | undefined;
  return header?.type === 'frame' && typeof header.trace === 'string';
}

function firstOf(message: KernelMessage.IMessage): DataView | undefined {
  return buffersOf(message)[0];
}

/** The buffers that came with a message. */
export function buffersOf(message: KernelMessage.IMessage): DataView[] {
  return (message.buffers ?? []).map(given =>
    ArrayBuffer.isView(given)
      ? new DataView(given.buffer as ArrayBuffer, given.byteOffset, given.byteLength)
      : new DataView(given),
  );
}
