/**
 * What the kernel and a front end say to each other; the other end is jupyter_ext/protocol.py.
 *
 * Every text in here may come from user code: it is shown as text, never as HTML.
 */

export const NAME = 'autograd_core.debug';
export const EVENT = `${NAME}_event`;

/** A line of the user's code. */
export interface Place {
  file: string;
  line: number;
  text: string;
  where: string;
  execution_count?: number;
  cell_id?: string;
}

/** A gradient at the stop; null where none arrived. NaN and infinities are texts. */
export interface Gradient {
  shape: number[];
  dtype: string;
  device: string;
  norm: number | string;
  min: number | string;
  max: number | string;
  zeros: number;
  nan: number;
  inf: number;
  preview: string;
}

/** Something that a node saved in the forward: an array, or a plain value as text. */
export interface Saved {
  name: string;
  shape?: number[];
  dtype?: string;
  value?: string;
}

export interface Breakpoint {
  number: number;
  text: string;
  enabled: boolean;
  hits: number;
  error: string;
  note: string;
}

/** What there is to know of a run; most of it only at a stop. */
export interface State {
  status: 'idle' | 'running' | 'paused';
  reason?: string;
  phase?: 'backward' | 'forward';
  node?: { seq: number; op: string; scope: string[]; name: string };
  location?: Place | null;
  gradients?: (Gradient | null)[];
  saved?: Saved[];
  steps_done?: number;
  can_back?: number;
  depth?: number;
  breakpoints?: Breakpoint[];
  warnings?: string[];
  held?: string;
  input_request?: string | null;
}

export interface Event {
  event: string;
  state?: State;
  id?: number;
  result?: { text?: string; error?: string };
}

export interface Reply {
  id: number;
  ok: boolean;
  error?: string;
  result?: Record<string, unknown>;
}

export type Arguments = Record<string, string | number | boolean>;

/** What a person would type at the prompt for a command, as `Request.line` has it. */
export function lineOf(command: string, given: Arguments): string {
  if (command === 'edit') {
    return `edit ${given.output ?? 0}: ${given.expression}`;
  }
  return [command, ...Object.values(given)].join(' ');
}
