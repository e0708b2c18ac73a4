import { describe, expect, test, vi } from 'vitest';
import { Emitter } from '../src/model/emitter.js';
import { TraceModel } from '../src/model/trace.js';
import type { Reply, Request, State } from '../src/protocol/messages.js';
import { BestChannel } from '../src/transport/best.js';
import {
  GONE,
  insist,
  NoChannel,
  UnreachableError,
  UnspeakableError,
  type Channel,
  type Incoming,
} from '../src/transport/channel.js';
import { CommChannel } from '../src/transport/comm.js';
import {
  ControlChannel,
  controlLink,
  offerControl,
  type ControlLink,
} from '../src/transport/control.js';
import { Session } from '../src/transport/session.js';
import { lineOf } from '../src/transport/stdin.js';
import { requestOf, saysOf, VERBS, whyNot, type Verb } from '../src/transport/verbs.js';

class Fake implements Channel {
  readonly kind = 'comm';
  readonly incoming = new Emitter<Incoming>();
  readonly asked: Request[] = [];
  constructor(private readonly answer: (request: Request) => Promise<Reply>, private readonly why: string | null = null) {} // prettier-ignore
  unusable = (): string | null => this.why;
  request(request: Request): Promise<Reply> {
    this.asked.push(request);
    return this.answer(request);
  }
  dispose(): void {
    // nothing
  }
}

const yes = (): Promise<Reply> => Promise.resolve({ id: 1, ok: true });
const silent = (): Promise<Reply> => Promise.reject(new UnreachableError('nobody'));

describe('the best of several ways', () => {
  test('is the first that works', async () => {
    const [broken, first, second] = [new Fake(yes, 'closed'), new Fake(yes), new Fake(yes)];
    await new BestChannel([broken, first, second]).request({ command: 'over' });
    expect([broken, first, second].map(way => way.asked.length)).toEqual([0, 1, 0]);
  });

  test('falls back when nobody answers, and remembers it', async () => {
    const [first, second] = [new Fake(silent), new Fake(yes)];
    const best = new BestChannel([first, second]);
    await best.request({ command: 'over' });
    await best.request({ command: 'over' });
    expect([first.asked.length, second.asked.length]).toEqual([1, 2]);
  });

  test('says what is in the way when all fail', async () => {
    const best = new BestChannel([new Fake(silent), new Fake(yes, 'closed')]);
    await expect(best.request({ command: 'over' })).rejects.toThrow('nobody');
    expect(new BestChannel([new Fake(yes, 'closed')]).unusable()).toBe('closed');
  });

  test('finds out whether the kernel hears it', async () => {
    const [deaf, typed] = [new Fake(silent), new Fake(silent, 'no box')];
    const best = new BestChannel([deaf, typed]);
    expect(best.unusable()).toBeNull();
    await best.probe();
    expect(best.unusable()).toContain('input box');
    const box = new Fake(() => Promise.reject(new UnspeakableError('no word for it')));
    const other = new BestChannel([deaf, box]);
    await other.probe();
    expect(other.unusable()).toBeNull(); // what can be typed still can
  });

  test('hears all of them', () => {
    const ways = [new Fake(yes), new Fake(yes)];
    const best = new BestChannel(ways);
    const heard = vi.fn();
    best.incoming.on(heard);
    for (const way of ways) way.incoming.emit({ type: 'event', event: 'paused' });
    expect(heard).toHaveBeenCalledTimes(2);
  });
});

describe('the comm of a widget', () => {
  function connected(): { channel: CommChannel; sent: { id: number; command: string }[]; receive: (content: unknown, buffers?: DataView[]) => void } {
    const sent: { id: number; command: string }[] = [];
    let receive: (content: unknown, buffers?: DataView[]) => void = () => undefined;
    const model = {
      send: (content: unknown) => void sent.push(content as { id: number; command: string }),
      on: (_: string, callback: never) => void (receive = callback),
      off: () => undefined,
    };
    const channel = new CommChannel(model);
    return { channel, sent, receive: (...a) => receive(...a) };
  } // prettier-ignore

  test('gives each request its own reply', async () => {
    const { channel, sent, receive } = connected();
    const [one, two] = [channel.request({ command: 'over' }), channel.request({ command: 'out' })];
    receive({ type: 'reply', id: sent[1]!.id, ok: false, error: 'no' });
    receive({ type: 'reply', id: sent[0]!.id, ok: true });
    expect((await one).ok).toBe(true);
    expect((await two).error).toBe('no');
  });

  test('takes what comes instead of a reply as one', async () => {
    const { channel, receive } = connected();
    const asked = ['detail', 'iteration'].map(command => channel.request({ command }));
    receive({ type: 'detail', node: 3 });
    receive({ type: 'frame', live: false });
    expect((await Promise.all(asked)).every(reply => reply.ok)).toBe(true);
  });

  test('a request that may be made twice is, if the first was lost', async () => {
    vi.useFakeTimers();
    const { channel, sent, receive } = connected();
    const asked = insist(channel, { command: 'hello' });
    receive({ type: 'event', event: 'paused', state: { status: 'paused' } }); // is no answer
    await vi.advanceTimersByTimeAsync(1500);
    expect(sent.map(({ command }) => command)).toEqual(['hello', 'hello']);
    receive({ type: 'reply', id: sent[1]!.id, ok: true });
    expect((await asked).ok).toBe(true);
    vi.useRealTimers();
  });

  test('gives up after a while', async () => {
    vi.useFakeTimers();
    const { channel } = connected();
    const asked = channel.request({ command: 'over' });
    const failed = expect(asked).rejects.toThrow(UnreachableError);
    await vi.advanceTimersByTimeAsync(5000);
    await failed;
    vi.useRealTimers();
  });

  test('ignores what it does not know', () => {
    const { channel, receive } = connected();
    const heard = vi.fn();
    channel.incoming.on(heard);
    for (const content of [null, 3, {}, { type: 'else' }]) receive(content);
    expect(heard).not.toHaveBeenCalled();
  });
});

test('the control channel is there once an extension offers it', async () => {
  const channel = new ControlChannel(() => controlLink({} as Element));
  expect(channel.unusable()).toContain('extension');
  await expect(channel.request({ command: 'over' })).rejects.toThrow(UnreachableError);
  const events: ((content: unknown) => void)[] = [];
  const link: ControlLink = {
    send: content => Promise.resolve({ ...content, ok: true }),
    listen: callback => {
      events.push(callback);
      return () => undefined;
    },
  };
  offerControl(() => link);
  expect(channel.unusable()).toBeNull();
  expect((await channel.request({ command: 'over' })).ok).toBe(true);
  const heard = vi.fn();
  channel.incoming.on(heard);
  events[0]!({ event: 'paused', state: { status: 'paused' } });
  expect(heard).toHaveBeenCalledWith(expect.objectContaining({ type: 'event', event: 'paused' }));
});

test.each([
  [{ command: 'over', arguments: { count: 3 } }, 'over 3'],
  [{ command: 'out' }, 'out'],
  [{ command: 'until', arguments: { target: '#12' } }, 'until #12'],
  [{ command: 'edit', arguments: { expression: 'grad * 0' } }, 'edit 0: grad * 0'],
  [{ command: 'break', arguments: { text: 'nan' } }, 'gbreak nan'],
  [{ command: 'clear' }, 'gbreak clear'],
  [{ command: 'iteration', arguments: { number: 2 } }, null],
])('%o is typed as %s', (request, line) => {
  expect(lineOf(request)).toBe(line);
});

describe('what can be done now', () => {
  const here = { target: '#3', done: false };
  const paused: State = {
    status: 'paused', phase: 'backward', can_back: 2, node: { seq: 3, op: 'Mul', scope: ['net'], name: '' },
  }; // prettier-ignore
  const ask = (verb: Verb, state: State, selection = here, channel: Channel = new Fake(yes)): string | null => {
    const model = new TraceModel();
    model.setLiveness('live');
    model.setState(state);
    return whyNot(verb, model, channel, selection);
  }; // prettier-ignore

  test('is everything at a stop', () => {
    expect(VERBS.map(verb => ask(verb, paused))).toEqual(VERBS.map(() => null));
  });

  test.each([
    ['over', { status: 'idle' }, 'nothing is paused'],
    ['over', { status: 'running' }, 'not paused'],
    ['back', { ...paused, can_back: 0 }, 'no step to take back'],
    ['out', { ...paused, node: { ...paused.node!, scope: [] } }, 'no module'],
    ['edit', { ...paused, phase: 'forward' }, 'forward'],
    ['edit', { ...paused, gradients: [null] }, 'no gradient'],
  ] as [Verb, State, string][])('is not %s in %o', (verb, state, says) => {
    expect(ask(verb, state)).toContain(says);
  });

  test('is what pdb can do, where that stands in Python', () => {
    const state: State = { ...paused, phase: 'python' };
    const possible = VERBS.filter(verb => ask(verb, state) === null);
    expect(possible).toEqual(['continue', 'over', 'into', 'out', 'stop']);
    expect(possible.map(verb => requestOf(verb, state)[1]['line'])).toEqual([
      'continue', 'next', 'step', 'return', 'quit',
    ]); // prettier-ignore
    expect(requestOf('over', paused)).toEqual(['over', {}]);
    expect(saysOf('over', state)).toContain('line of Python');
  });

  test('needs a node to run to', () => {
    expect(ask('until', paused, { target: null as unknown as string, done: false })).toContain(
      'select',
    );
    expect(ask('until', paused, { target: '#3', done: true })).toContain('has run already');
  });

  test('needs a way to the kernel', () => {
    expect(ask('over', paused, here, new NoChannel())).toContain('no kernel');
    const model = new TraceModel();
    model.setLiveness('recorded');
    expect(whyNot('over', model, new Fake(yes), here)).toContain('recorded');
  });
});

describe('a session', () => {
  test('reports what went wrong in a sentence, and stays', async () => {
    const channel = new Fake(() => Promise.resolve({ id: 1, ok: false, error: 'no such node' }));
    const session = new Session(new TraceModel(), channel);
    const said: string[] = [];
    session.reported.on(sentence => said.push(sentence));
    await session.ask('until', { target: '#9' });
    channel.incoming.emit({ type: 'frame', header: { type: 'frame' }, buffer: undefined });
    await new Session(new TraceModel(), new Fake(silent)).ask('over');
    expect(said[0]).toBe('no such node');
    expect(said[1]).toContain("can't be shown");
  });

  test('ends with the kernel, whatever that says last', () => {
    const [model, channel] = [new TraceModel(), new Fake(yes)];
    const session = new Session(model, channel);
    const state: State = { status: 'paused' };
    channel.incoming.emit({ type: 'event', event: 'paused', state });
    expect(model.paused).toBe(true);
    channel.incoming.emit({ type: 'event', event: GONE });
    channel.incoming.emit({ type: 'event', event: 'ended', state: { status: 'idle' } });
    expect([session.hasEnded, model.liveness, model.state.status]).toEqual([true, 'recorded', 'paused']); // prettier-ignore
    expect(whyNot('over', model, channel, { target: null, done: false })).toContain('recorded');
  });

  test('notices that frames were lost on their way', () => {
    const [model, channel] = [new TraceModel(), new Fake(yes)];
    const session = new Session(model, channel);
    const lost = vi.fn();
    session.lost = lost;
    const frame = (sequence: number, live = true): Incoming => ({
      type: 'frame', header: { type: 'frame', trace: 't', sequence, live, tables: {} }, buffer: undefined,
    }); // prettier-ignore
    for (const sequence of [5, 6]) channel.incoming.emit(frame(sequence)); // came in the middle
    channel.incoming.emit(frame(0, false));
    expect(lost).not.toHaveBeenCalled();
    channel.incoming.emit(frame(8));
    expect(lost).toHaveBeenCalledTimes(1);
  });

  test('finds out whether there is a kernel', async () => {
    const gone = new TraceModel();
    await new Session(gone, new Fake(silent)).greet('state');
    expect(gone.liveness).toBe('recorded');
    const there = new TraceModel();
    const channel = new Fake(() =>
      Promise.resolve({ id: 1, ok: true, result: { status: 'paused' } }),
    );
    await new Session(there, channel).greet('state');
    expect([there.liveness, there.state.status]).toEqual(['live', 'paused']);
  });
});
