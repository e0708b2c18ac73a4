/** Made-up traces, as a kernel would record and encode them. */

import type { ColumnType, FrameHeader, Place, Shape, TableName } from '../src/protocol/messages.js';

type Row = Record<string, number>;

const TYPES: Record<TableName, Record<string, ColumnType>> = {
  nodes: {
    id: 'i4', seq: 'f8', op: 'i4', scope: 'i4', shape: 'i4', dtype: 'i4', device: 'i4',
    place: 'i4', name: 'i4', saved: 'f8', seconds: 'f4', iteration: 'i4', run: 'i4', step: 'i4',
    kind: 'i1',
  },
  edges: { id: 'i4', source: 'i4', target: 'i4', slot: 'i2', output: 'i2' },
  steps: {
    id: 'i4', run: 'i4', node: 'i4', order: 'i4', seconds: 'f4', size: 'f8', norm: 'f8',
    min: 'f8', max: 'f8', zeros: 'f8', nan: 'f8', inf: 'f8', edited: 'i1',
  },
  runs: { id: 'i4', begin: 'f8', end: 'f8', error: 'i4', iteration: 'i4', create_graph: 'i1' },
}; // prettier-ignore

const BYTES = { i1: 1, i2: 2, i4: 4, f4: 4, f8: 8 } as const;
/** What a frame's buffer holds at most, as the kernel splits them. */
const FRAME_BYTES = 240 << 10;

class Pool<T> {
  readonly values: T[];
  private readonly numbers = new Map<string, number>();

  constructor(first: T) {
    this.values = [];
    this.number(first);
  }

  number(value: T): number {
    const key = JSON.stringify(value);
    let at = this.numbers.get(key);
    if (at === undefined) {
      at = this.values.push(value) - 1;
      this.numbers.set(key, at);
    }
    return at;
  }
}

/** How many rows and values of each kind were sent before. */
export type Sent = Partial<Record<TableName | 'texts' | 'scopes' | 'shapes' | 'places', number>>;

export interface Message {
  header: FrameHeader;
  buffer: ArrayBuffer;
}

export class Builder {
  readonly tables: Record<TableName, Row[]> = { nodes: [], edges: [], steps: [], runs: [] };
  iteration = 0;
  run = -1;
  readonly texts = new Pool<string>('');
  readonly scopes = new Pool<string[]>([]);
  readonly shapes = new Pool<Shape>(null);
  readonly places = new Pool<Place | null>(null);
  private seq = 0;
  private sequence = 0;
  private random = 1;

  constructor(readonly trace = 't1') {}

  /** The same numbers each time. */
  noise(): number {
    this.random = (this.random * 48271) % 2147483647;
    return this.random / 2147483647;
  }

  op(
    name: string,
    scope: string,
    inputs: number[],
    shape: number[] = [64, 256],
    place: Place | null = null,
    kind = 0,
  ): number {
    const id = this.node(name, scope, shape, place, '', kind, ++this.seq);
    for (const [slot, target] of inputs.entries()) {
      const edges = this.tables.edges;
      edges.push({ id: edges.length, source: id, target, slot, output: 0 });
    }
    return id;
  }

  leaf(name: string, shape: number[]): number {
    return this.node('AccumulateGrad', '', shape, null, name, 1, 2 ** 62);
  }

  /** Run backward over all nodes of this iteration; `norm` says how large each gradient is. */
  backward(norm: (id: number) => number, from = 0): void {
    const { nodes, steps, runs } = this.tables;
    const run = runs.length;
    runs.push({ id: run, begin: 0, end: 1, error: 0, iteration: this.iteration, create_graph: 0 });
    const used = new Map<number, number>();
    for (const edge of this.tables.edges) used.set(edge['target']!, edge['source']!);
    const order = nodes.slice(from).sort((a, b) => {
      const key = (n: Row): number =>
        n['kind'] === 1 ? (used.get(n['id']!) ?? 0) - 0.5 : n['id']!;
      return key(b) - key(a);
    });
    for (const [n, node] of order.entries()) {
      const value = norm(node['id']!);
      const size = 64 * 256;
      steps.push({
        id: steps.length, run, node: node['id']!, order: n, seconds: 1e-4, size, norm: value,
        min: -value / 90, max: value / 80, zeros: value === 0 ? size : 12,
        nan: Number.isNaN(value) ? 512 : 0, inf: 0, edited: 0,
      }); // prettier-ignore
    }
  }

  /** Rows that were not sent yet, up to a number of steps, as messages. */
  frames(sent: Sent = {}, steps = Infinity, live = true): Message[] {
    const messages: Message[] = [];
    const known = { texts: 0, scopes: 0, shapes: 0, places: 0, ...sent };
    let room = FRAME_BYTES;
    let part: Partial<Record<TableName, Row[]>> = {};
    const flush = (): void => {
      messages.push(this.message(part, known, live));
      part = {};
      room = FRAME_BYTES;
    };
    for (const name of ['nodes', 'edges', 'steps', 'runs'] as const) {
      const end = name === 'steps' ? steps : Infinity;
      const width = Object.values(TYPES[name]).reduce((sum, type) => sum + BYTES[type], 0);
      let rows = this.tables[name].slice(sent[name] ?? 0, end);
      while (rows.length) {
        const fits = Math.floor(room / width);
        if (!fits) flush();
        else {
          part[name] = rows.slice(0, fits);
          room -= part[name].length * width;
          rows = rows.slice(fits);
        }
      }
    }
    flush();
    return messages;
  }

  private message(
    part: Partial<Record<TableName, Row[]>>,
    known: { texts: number; scopes: number; shapes: number; places: number },
    live: boolean,
  ): Message {
    const columns: { type: ColumnType; offset: number; values: number[] }[] = [];
    const tables: FrameHeader['tables'] = {};
    let size = 0;
    for (const [name, rows] of Object.entries(part) as [TableName, Row[]][]) {
      const described: Record<string, [ColumnType, number]> = {};
      for (const [column, type] of Object.entries(TYPES[name])) {
        size = Math.ceil(size / 8) * 8;
        described[column] = [type, size];
        columns.push({ type, offset: size, values: rows.map(row => row[column] ?? 0) });
        size += rows.length * BYTES[type];
      }
      tables[name] = { start: rows[0]!['id']!, count: rows.length, columns: described };
    }
    const buffer = new ArrayBuffer(size);
    const view = new DataView(buffer);
    for (const { type, offset, values } of columns) {
      for (const [n, value] of values.entries()) put(view, type, offset + n * BYTES[type], value);
    }
    const header: FrameHeader = {
      type: 'frame', trace: this.trace, sequence: ++this.sequence, first: 0,
      iteration: this.iteration, live,
      texts: this.texts.values.slice(known.texts), scopes: this.scopes.values.slice(known.scopes),
      shapes: this.shapes.values.slice(known.shapes), places: this.places.values.slice(known.places),
      tables,
    }; // prettier-ignore
    known.texts = this.texts.values.length;
    known.scopes = this.scopes.values.length;
    known.shapes = this.shapes.values.length;
    known.places = this.places.values.length;
    return { header, buffer };
  }

  private node(
    op: string,
    scope: string,
    shape: number[],
    place: Place | null,
    name: string,
    kind: number,
    seq: number,
  ): number {
    const { nodes } = this.tables;
    const id = nodes.length;
    nodes.push({
      id, seq, op: this.texts.number(op), scope: this.scopes.number(scope ? scope.split('.') : []),
      shape: this.shapes.number(shape), dtype: this.texts.number('float32'),
      device: this.texts.number('cpu'), place: this.places.number(place),
      name: this.texts.number(name), saved: kind === 1 ? 0 : 65536, seconds: 2e-5,
      iteration: this.iteration, run: this.run, step: -1, kind,
    }); // prettier-ignore
    return id;
  }
}

function put(view: DataView, type: ColumnType, at: number, value: number): void {
  if (type === 'i1') view.setInt8(at, value);
  else if (type === 'i2') view.setInt16(at, value, true);
  else if (type === 'i4') view.setInt32(at, value, true);
  else if (type === 'f4') view.setFloat32(at, value, true);
  else view.setFloat64(at, value, true);
}
