/** What a kernel and a browser say to each other; the Python side is `jupyter_ext/protocol.py`. */

export type ColumnType = 'i1' | 'i2' | 'i4' | 'f4' | 'f8';
export type TableName = 'nodes' | 'edges' | 'steps' | 'runs';
export const TABLES: readonly TableName[] = ['nodes', 'edges', 'steps', 'runs'];

/** A line of the user's code; number and id where it stands in a cell. */
export interface Place {
  file: string;
  line: number;
  text: string;
  where: string;
  execution_count?: number;
  cell_id?: string;
}

export type Shape = readonly number[] | null;

export interface TableHeader {
  start: number;
  count: number;
  columns: Record<string, readonly [ColumnType, number]>;
}

/** The JSON part of a frame; its columns lie in the buffer that comes with it. */
export interface FrameHeader {
  type: 'frame';
  trace: string;
  sequence: number;
  first: number;
  iteration: number;
  live: boolean;
  /** The first frame of all there is: what was there of this trace is forgotten. */
  whole?: boolean;
  /** It was sent before, and is now for a page that came late. */
  again?: boolean;
  /** The oldest iteration that the kernel still has, where it says so. */
  oldest?: number;
  texts: string[];
  scopes: string[][];
  shapes: Shape[];
  places: (Place | null)[];
  tables: Partial<Record<TableName, TableHeader>>;
}

/** Numbers that JSON has no word for come as text. */
export type JsonNumber = number | 'nan' | 'inf' | '-inf';

export interface GradientState {
  shape: number[];
  dtype: string;
  device: string;
  norm: JsonNumber;
  min: JsonNumber;
  max: JsonNumber;
  zeros: number;
  nan: number;
  inf: number;
  preview: string;
}

export interface SavedState {
  name: string;
  shape?: number[];
  dtype?: string;
  value?: string;
  preview?: string;
}

export interface Breakpoint {
  number: number;
  text: string;
  enabled: boolean;
  hits: number;
  once: boolean;
  ignore: number;
  every: number;
  error: string;
  note?: string;
}

/** What there is to know of the run; beyond `status` and `breakpoints` only at a stop. */
export interface State {
  status: 'idle' | 'running' | 'paused';
  reason?: string;
  phase?: 'backward' | 'forward' | 'python';
  node?: { seq: number; op: string; scope: string[]; name: string };
  location?: Place | null;
  gradients?: (GradientState | null)[];
  saved?: SavedState[];
  steps_done?: number;
  can_back?: number;
  depth?: number;
  breakpoints?: Breakpoint[];
  warnings?: string[];
  /** Why commands can't be taken now although the run is paused. */
  held?: string;
  input_request?: string | null;
}

export interface EventMessage {
  type: 'event';
  event: string;
  state?: State;
  id?: unknown;
  result?: Record<string, unknown>;
}

export interface Histogram {
  edges: number[];
  counts: number[];
}

/** The answer to `detail`: what is too much to send for every node. */
export interface DetailMessage {
  type: 'detail';
  id?: unknown;
  node: number;
  gradient?: { histogram?: Histogram; preview?: string } | null;
  saved?: SavedState[];
  hooks?: string[];
  source?: { lines: string[]; first: number; at: number } | null;
}

export interface Reply {
  id: unknown;
  ok: boolean;
  error?: string;
  result?: Record<string, unknown>;
  /** Those of the frames in the result. */
  buffers?: DataView[];
}

export interface Request {
  command: string;
  arguments?: Record<string, unknown>;
}

/** A JSON number, or the text that stands for one. */
export function toNumber(value: JsonNumber): number {
  if (typeof value === 'number') return value;
  return value === 'nan' ? NaN : value === 'inf' ? Infinity : -Infinity;
}
