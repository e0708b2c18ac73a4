/** A kernel that is not there: it plays a made-up trace, pauses, steps and answers. */

import type { Builder, Message, Sent } from './builder.js';
import { Emitter } from '../src/model/emitter.js';
import type { Breakpoint, Reply, Request, State } from '../src/protocol/messages.js';
import type { Channel, Incoming } from '../src/transport/channel.js';

export class FakeKernel implements Channel {
  readonly kind = 'comm';
  readonly incoming = new Emitter<Incoming>();
  /** Requests that arrived, for tests. */
  readonly asked: Request[] = [];
  private readonly breakpoints: Breakpoint[] = [];
  private at: number;
  private sent: Sent = {};

  constructor(
    readonly builder: Builder,
    private readonly stepsInAll = builder.tables.steps.length,
  ) {
    this.at = stepsInAll;
  }

  unusable(): null {
    return null;
  }

  dispose(): void {
    // Nothing is open.
  }

  /** Send all there is, up to a number of steps. */
  play(steps = this.stepsInAll): void {
    this.at = steps;
    for (const message of this.builder.frames(this.sent, steps)) this.post(message);
    this.remember(steps);
  }

  post({ header, buffer }: Message): void {
    this.incoming.emit({ type: 'frame', header, buffer: new DataView(buffer) });
  }

  pause(reason = 'breakpoint 1: norm > 1e3 (norm 3.2e5)'): void {
    this.tell('paused', this.state('paused', reason));
  }

  request(request: Request): Promise<Reply> {
    this.asked.push(request);
    const given = request.arguments ?? {};
    switch (request.command) {
      case 'state':
        return this.reply({ ...this.state('idle') });
      case 'over':
      case 'into':
        this.go(this.at + 1, 'over');
        break;
      case 'back':
        this.go(Math.max(this.at - 1, 0), 'back');
        break;
      case 'out':
      case 'until':
        this.go(Math.min(this.at + 12, this.stepsInAll), request.command);
        break;
      case 'continue':
      case 'stop':
        this.play();
        this.tell('ended', { status: 'idle', breakpoints: this.breakpoints });
        break;
      case 'break':
        this.breakpoints.push({
          number: this.breakpoints.length + 1, text: String(given['text']), enabled: true, hits: 0,
          once: false, ignore: 0, every: 1, error: '',
        }); // prettier-ignore
        this.tell('breakpoints', this.state(this.at < this.stepsInAll ? 'paused' : 'idle', 'step'));
        break;
      case 'clear': {
        const index = this.breakpoints.findIndex(b => b.number === given['number']);
        this.breakpoints.splice(index, 1);
        this.tell('breakpoints', this.state(this.at < this.stepsInAll ? 'paused' : 'idle', 'step'));
        break;
      }
      case 'iteration':
        for (const message of this.builder.frames({}, undefined, false)) this.post(message);
        break;
      case 'detail':
        this.detail(Number(given['node']));
        break;
      case 'edit':
        this.tell('edited', this.state('paused', 'edited'));
    }
    return this.reply({ queued: true });
  }

  private reply(result: Record<string, unknown>): Promise<Reply> {
    return Promise.resolve({ id: 1, ok: true, result });
  }

  private go(step: number, reason: string): void {
    if (step > this.at) {
      this.play(step);
    } else {
      this.at = step;
    }
    this.pause(reason);
  }

  private remember(steps: number): void {
    const { tables, texts, scopes, shapes, places } = this.builder;
    this.sent = {
      nodes: tables.nodes.length, edges: tables.edges.length, runs: tables.runs.length,
      steps: Math.max(this.sent.steps ?? 0, Math.min(steps, tables.steps.length)),
      texts: texts.values.length, scopes: scopes.values.length, shapes: shapes.values.length,
      places: places.values.length,
    }; // prettier-ignore
  }

  private tell(event: string, state: State): void {
    this.incoming.emit({ type: 'event', event, state });
  }

  private state(status: State['status'], reason = ''): State {
    const { tables, texts, scopes } = this.builder;
    const next = tables.steps[this.at];
    const node = next && tables.nodes[next['node']!];
    const breakpoints = [...this.breakpoints];
    if (status !== 'paused' || !node) return { status, breakpoints };
    return {
      status, reason, phase: 'backward', breakpoints, can_back: 3, steps_done: this.at, depth: 1,
      node: {
        seq: node['seq']!, op: texts.values[node['op']!]!, scope: scopes.values[node['scope']!]!,
        name: texts.values[node['name']!]!,
      },
      gradients: [{
        shape: [64, 256], dtype: 'float32', device: 'cpu', norm: 3.2e5, min: -1, max: 1, zeros: 3,
        nan: 0, inf: 0, preview: 'tensor([[ 0.0123, -0.0044,  0.0310,  ..., -0.0007],\n        [-0.0201,  0.0008,  0.0152,  ...,  0.0191]])',
      }],
      saved: [{ name: 'self', shape: [64, 256], dtype: 'float32' }, { name: 'dim', value: '-1' }],
      warnings: [],
    }; // prettier-ignore
  }

  private detail(node: number): void {
    const counts = Array.from({ length: 40 }, (_, n) =>
      Math.round(900 * Math.exp(-(((n - 20) / 7) ** 2))),
    );
    const edges = Array.from({ length: 41 }, (_, n) => (n - 20) * 4.2e-5);
    const { nodes } = this.builder.tables;
    const place = this.builder.places.values[nodes[node]!['place']!];
    const around = place && {
      lines: ['def forward(self, x):', `    ${place.text}`, '    return x'],
      first: place.line - 1,
      at: place.line,
    };
    this.incoming.emit({
      type: 'detail', node, gradient: { histogram: { edges, counts }, preview: 'tensor([[ 0.0123, -0.0044, ...]])' },
      saved: [{ name: 'self', shape: [64, 256], dtype: 'float32' }], hooks: ['tensor hook log_norm'],
      source: around ?? null,
    }); // prettier-ignore
  }
}
