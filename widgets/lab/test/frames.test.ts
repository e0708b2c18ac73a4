import { describe, expect, it, vi } from 'vitest';

import type { FrameHeader } from '../../src/protocol/messages.js';
import { frameIn, Frames, type Passing } from '../src/frames.js';

function frame(trace: string, sequence: number): Passing {
  const lists = { texts: [], scopes: [], shapes: [], places: [], tables: {} };
  const header: FrameHeader = {
    type: 'frame',
    trace,
    sequence,
    first: 0,
    iteration: 0,
    live: true,
    ...lists,
  };
  return { header, buffer: undefined };
}

function setUp(): { frames: Frames; taken: string[]; ask: ReturnType<typeof vi.fn> } {
  const taken: string[] = [];
  const ask = vi.fn();
  const frames = new Frames(({ header }) => {
    taken.push(`${header.trace}:${header.sequence}${header.whole ? '!' : ''}`);
  }, ask);
  return { frames, taken, ask };
}

describe('frames that pass by', () => {
  it('are taken from the first on, without asking', () => {
    const { frames, taken, ask } = setUp();
    for (const n of [1, 2, 3]) frames.pass(frame('a', n));
    expect(taken).toEqual(['a:1!', 'a:2', 'a:3']);
    expect(ask).not.toHaveBeenCalled();
  });

  it('of which the first were missed are held back until all there is has come', () => {
    const { frames, taken, ask } = setUp();
    frames.pass(frame('a', 7));
    frames.pass(frame('a', 8));
    expect(taken).toEqual([]);
    expect(ask).toHaveBeenCalledTimes(1);
    frames.caughtUp([frame('a', 0), frame('a', 7)]);
    expect(taken).toEqual(['a:0', 'a:7', 'a:7', 'a:8']); // the model drops the second a:7
    frames.pass(frame('a', 9));
    expect(taken.at(-1)).toBe('a:9');
  });

  it('of another trace than was caught up with are not mixed in', () => {
    const { frames, taken } = setUp();
    frames.pass(frame('old', 5));
    frames.caughtUp([frame('new', 0)]);
    expect(taken).toEqual(['new:0']);
  });

  it('that are sent again to an older widget are not turned to', () => {
    const { frames, taken, ask } = setUp();
    frames.pass(frame('new', 1));
    const old = frame('old again', 1);
    frames.pass({ ...old, header: { ...old.header, again: true } });
    expect(ask).toHaveBeenCalledTimes(1);
    frames.caughtUp([frame('new', 0)]);
    frames.pass(frame('new', 2));
    expect(taken).toEqual(['new:1!', 'new:0', 'new:2']);
  });

  it('begin anew under the same name after a restart', () => {
    const { frames, taken } = setUp();
    frames.pass(frame('trace-1', 1));
    frames.forget();
    frames.pass(frame('trace-1', 1));
    expect(taken).toEqual(['trace-1:1!', 'trace-1:1!']);
  });

  it('are asked for again where nobody answered', () => {
    const { frames, ask } = setUp();
    frames.pass(frame('a', 4));
    frames.caughtUp([]);
    frames.pass(frame('a', 5));
    expect(ask).toHaveBeenCalledTimes(2);
  });
});

describe('a message on iopub', () => {
  const buffers = [new Uint8Array([1, 2, 3]).buffer];
  const say = (type: string, content: unknown): Parameters<typeof frameIn>[0] =>
    ({ header: { msg_type: type }, content, buffers }) as unknown as Parameters<typeof frameIn>[0];

  it('to a widget holds a frame', () => {
    const { header } = frame('a', 1);
    const data = { method: 'custom', content: header };
    const found = frameIn(say('comm_msg', { comm_id: 'x', data }));
    expect(found?.header).toEqual(header);
    expect(found?.buffer?.byteLength).toBe(3);
  });

  it('for the panel holds a frame', () => {
    const { header } = frame('a', 1);
    expect(frameIn(say('autograd_core.debug_frame', header))?.header).toEqual(header);
  });

  it.each([
    ['stream', { name: 'stdout', text: 'frame' }],
    ['comm_msg', { data: { method: 'update', state: {} } }],
    ['comm_msg', { data: { method: 'custom', content: { type: 'event' } } }],
    ['comm_msg', { data: { method: 'custom', content: null } }],
    ['comm_msg', {}],
  ])('of another kind holds none: %s', (type, content) => {
    expect(frameIn(say(type, content))).toBeNull();
  });
});
