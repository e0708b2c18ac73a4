/**
 * Frames as they are saved with a notebook, one after the other.
 *
 * Each is: length of the header, the header as JSON, length of the buffer, the buffer; lengths
 * are unsigned 32-bit numbers, little endian.
 */

import { ProtocolError, readFrame, type Frame } from './frame.js';

export function readSnapshot(bytes: DataView): Frame[] {
  const frames: Frame[] = [];
  let at = 0;
  const part = (): DataView => {
    if (at + 4 > bytes.byteLength) throw new ProtocolError('the saved run is cut off');
    const length = bytes.getUint32(at, true);
    at += 4;
    if (at + length > bytes.byteLength) throw new ProtocolError('the saved run is cut off');
    const view = new DataView(bytes.buffer, bytes.byteOffset + at, length);
    at += length;
    return view;
  };
  while (at < bytes.byteLength) {
    const header: unknown = JSON.parse(new TextDecoder().decode(part()));
    frames.push(readFrame(header, part()));
  }
  return frames;
}

/** The opposite of `readSnapshot`, for demos and tests. */
export function packSnapshot(frames: readonly { header: object; buffer: ArrayBuffer }[]): DataView {
  const parts = frames.flatMap(({ header, buffer }) => [
    new TextEncoder().encode(JSON.stringify(header)),
    new Uint8Array(buffer),
  ]);
  const packed = new DataView(new ArrayBuffer(parts.reduce((n, p) => n + 4 + p.length, 0)));
  let at = 0;
  for (const part of parts) {
    packed.setUint32(at, part.length, true);
    new Uint8Array(packed.buffer).set(part, at + 4);
    at += 4 + part.length;
  }
  return packed;
}
