import { expect, test } from 'vitest';
import { script } from '../demo/models.js';
import { readFrame } from '../src/protocol/frame.js';
import { packSnapshot, readSnapshot } from '../src/protocol/snapshot.js';

const message = script().frames()[0]!;

test('columns come back as they were encoded', () => {
  const { tables } = readFrame(message.header, new DataView(message.buffer));
  expect(tables.nodes!.count).toBe(script().tables.nodes.length);
  expect([...tables.nodes!.columns['kind']!].slice(0, 5)).toEqual([1, 1, 1, 1, 0]);
  expect(tables.nodes!.columns['seq']![0]).toBe(2 ** 62);
  expect([...(tables.edges!.columns['target'] as Int32Array)].slice(0, 2)).toEqual([0, 4]);
});

test('a buffer that is not aligned is read all the same', () => {
  const shifted = new Uint8Array(message.buffer.byteLength + 3);
  shifted.set(new Uint8Array(message.buffer), 3);
  const view = new DataView(shifted.buffer, 3);
  expect(readFrame(message.header, view)).toEqual(
    readFrame(message.header, new DataView(message.buffer)),
  );
});

test.each([
  ['no frame', null, 'type is "frame"'],
  ['another type', { type: 'event' }, 'type is "frame"'],
  ['no trace', { type: 'frame' }, 'id of its trace'],
  ['texts that are no list', { type: 'frame', trace: 't', texts: 3 }, '"texts" must be a list'],
  [
    'a column beyond the buffer',
    {
      type: 'frame',
      trace: 't',
      tables: { edges: { start: 0, count: 9, columns: { source: ['i4', 0] } } },
    },
    'the buffer has 0 bytes',
  ],
  [
    'an unknown type',
    {
      type: 'frame',
      trace: 't',
      tables: { edges: { start: 0, count: 0, columns: { source: ['u9', 0] } } },
    },
    'unknown type u9',
  ],
  [
    'a missing column',
    {
      type: 'frame',
      trace: 't',
      tables: { edges: { start: 0, count: 0, columns: { source: ['i4', 0] } } },
    },
    'no column target',
  ],
  [
    'a negative count',
    { type: 'frame', trace: 't', tables: { edges: { start: 0, count: -1, columns: {} } } },
    '-1 rows',
  ],
])('%s is refused in one sentence', (_, header, says) => {
  expect(() => readFrame(header, undefined)).toThrow(says);
});

test('a buffer over 4 MB is refused', () => {
  const large = new DataView(new ArrayBuffer((4 << 20) + 8));
  expect(() => readFrame({ type: 'frame', trace: 't' }, large)).toThrow('at most');
});

test('a snapshot holds its frames', () => {
  const packed = packSnapshot(script().frames());
  const frames = readSnapshot(packed);
  expect(frames).toHaveLength(1);
  expect(frames[0]!.texts).toEqual(message.header.texts);
});

test('a snapshot that is cut off is refused', () => {
  const packed = packSnapshot(script().frames());
  const cut = new DataView(packed.buffer, 0, packed.byteLength - 9);
  expect(() => readSnapshot(cut)).toThrow('cut off');
});
