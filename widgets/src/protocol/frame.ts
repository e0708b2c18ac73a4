/**
 * Frames: a JSON header, and one little-endian buffer with the columns that it describes.
 *
 * What comes from a kernel is checked before anything is changed: a frame is taken whole or
 * refused with one sentence.
 */

import {
  TABLES,
  type ColumnType,
  type FrameHeader,
  type TableHeader,
  type TableName,
} from './messages.js';

export class ProtocolError extends Error {
  override name = 'ProtocolError';
}

export type Numbers = Int8Array | Int16Array | Int32Array | Float32Array | Float64Array;

/** Rows of one table: the ids that they have in the trace, and their columns. */
export interface TableRows {
  count: number;
  ids: ArrayLike<number>;
  columns: Partial<Record<string, Numbers>>;
}

export interface Frame extends Omit<FrameHeader, 'tables'> {
  tables: Partial<Record<TableName, TableRows>>;
}

const ARRAYS = {
  i1: Int8Array,
  i2: Int16Array,
  i4: Int32Array,
  f4: Float32Array,
  f8: Float64Array,
} as const;

/** Columns without which rows of a table mean nothing. */
const NEEDED: Record<TableName, readonly string[]> = {
  nodes: ['op', 'scope', 'iteration', 'kind', 'seq'],
  edges: ['source', 'target'],
  steps: ['run', 'node', 'norm'],
  runs: ['iteration'],
};

/** The largest buffer that is looked at. */
const MOST_BYTES = 4 << 20;

/** Check a frame and give its columns as typed arrays. */
export function readFrame(message: unknown, buffer: DataView | undefined): Frame {
  const header = checkHeader(message);
  const bytes = buffer ?? new DataView(new ArrayBuffer(0));
  if (bytes.byteLength > MOST_BYTES) {
    throw new ProtocolError(
      `a frame's buffer holds ${bytes.byteLength} bytes; at most ${MOST_BYTES} are allowed`,
    );
  }
  const tables: Frame['tables'] = {};
  for (const name of TABLES) {
    const table = header.tables[name];
    if (table) tables[name] = readTable(name, table, bytes);
  }
  return { ...header, tables };
}

function checkHeader(message: unknown): FrameHeader {
  const header = message as Partial<FrameHeader> | null;
  if (typeof header !== 'object' || header === null || header.type !== 'frame') {
    throw new ProtocolError('a frame is an object whose type is "frame"');
  }
  if (typeof header.trace !== 'string')
    throw new ProtocolError('a frame needs the id of its trace');
  for (const key of ['texts', 'scopes', 'shapes', 'places'] as const) {
    if (!Array.isArray(header[key] ?? [])) throw new ProtocolError(`"${key}" must be a list`);
  }
  return {
    type: 'frame',
    trace: header.trace,
    sequence: header.sequence ?? 0,
    first: header.first ?? 0,
    iteration: header.iteration ?? 0,
    live: header.live ?? true,
    ...(header.whole ? { whole: true } : {}),
    ...(header.oldest === undefined ? {} : { oldest: header.oldest }),
    texts: header.texts ?? [],
    scopes: header.scopes ?? [],
    shapes: header.shapes ?? [],
    places: header.places ?? [],
    tables: header.tables ?? {},
  };
}

function readTable(name: TableName, table: TableHeader, bytes: DataView): TableRows {
  const { count, start } = table;
  if (!Number.isInteger(count) || count < 0) {
    throw new ProtocolError(`the table ${name} says that it has ${String(count)} rows`);
  }
  const columns: Record<string, Numbers> = {};
  for (const [column, [type, offset]] of Object.entries(table.columns)) {
    columns[column] = readColumn(`${name}.${column}`, type, offset, count, bytes);
  }
  for (const column of NEEDED[name]) {
    if (!columns[column]) throw new ProtocolError(`the table ${name} has no column ${column}`);
  }
  const ids = columns['id'] ?? Int32Array.from({ length: count }, (_, i) => start + i);
  return { count, ids, columns };
}

function readColumn(
  name: string,
  type: ColumnType,
  offset: number,
  count: number,
  bytes: DataView,
): Numbers {
  const kind = ARRAYS[type] as (typeof ARRAYS)[ColumnType] | undefined;
  if (!kind) throw new ProtocolError(`the column ${name} has the unknown type ${type as string}`);
  const length = count * kind.BYTES_PER_ELEMENT;
  if (!(offset >= 0) || offset + length > bytes.byteLength) {
    throw new ProtocolError(
      `the column ${name} lies at ${offset} to ${offset + length}, ` +
        `but the buffer has ${bytes.byteLength} bytes`,
    );
  }
  // A copy: the message's buffer may be unaligned, and is not ours to keep.
  const begin = bytes.byteOffset + offset;
  return new kind(bytes.buffer.slice(begin, begin + length) as ArrayBuffer);
}
