/**
 * The demo page: `?model=transformer&layers=12&theme=dark&pause=300` and the like.
 *
 * `window.demo` is what the benchmark and the screenshots drive it by.
 */

import { TraceModel } from '../src/model/trace.js';
import { readFrame } from '../src/protocol/frame.js';
import { NoChannel } from '../src/transport/channel.js';
import { Session } from '../src/transport/session.js';
import { mount, type Mounted } from '../src/view/app.js';
import type { CanvasView } from '../src/view/canvas.js';
import type { Pipeline } from '../src/view/pipeline.js';
import type { Builder, Message } from './builder.js';
import { FakeKernel } from './kernel.js';
import { hostile, recurrent, script, siamese, transformer } from './models.js';

const query = new URLSearchParams(location.search);
const number = (name: string, otherwise: number): number => Number(query.get(name) ?? otherwise);

function build(): Builder {
  switch (query.get('model')) {
    case 'script':
      return script();
    case 'recurrent':
      return recurrent('recurrent', number('steps', 200));
    case 'siamese':
      return siamese('siamese', query.has('apart'));
    case 'hostile':
      return hostile();
    default:
      return transformer('transformer', {
        layers: number('layers', 12),
        stages: number('stages', 1),
        iterations: number('iterations', 2),
        nan: number('nan', -1),
        decades: number('decades', 4),
        checkpoint: query.has('checkpoint'),
      });
  }
}

interface Demo {
  /** Milliseconds from the first frame to the first picture. */
  show(): Promise<number>;
  kernel: FakeKernel | null;
  mounted: Mounted | null;
  nodes: number;
  /** Move the view as a hand would, and paint. */
  drive(kind: 'pan' | 'zoom', n: number): void;
  lastFrame(): { milliseconds: number; items: number };
  /** Send steps in portions; gives for each the time until it was painted. */
  stream(portion: number, rate: number): Promise<number[]>;
}

const builder = build();
const messages: Message[] = builder.frames();
const host = document.getElementById('host')!;
if (query.get('theme') === 'dark') document.body.dataset['jpThemeLight'] = 'false';

const demo: Demo = {
  kernel: null,
  mounted: null,
  nodes: builder.tables.nodes.filter(n => n['iteration'] === builder.iteration).length,
  show,
  drive: (kind, n) => {
    if (n === 0) view().fitWidest();
    if (kind === 'pan') view().panBy(n % 2 ? 7 : 5, -9);
    else view().zoomBy(n % 2 ? 1.06 : 0.95);
    view().paintNow();
  },
  lastFrame: () => view().lastFrame,
  stream,
};

const view = (): CanvasView => (demo.mounted as unknown as { canvas: CanvasView }).canvas;

async function stream(portion: number, rate: number): Promise<number[]> {
  const model = new TraceModel();
  const kernel = new FakeKernel(builder);
  demo.mounted = mount(host, { model, session: new Session(model, kernel), height: '100%' });
  const root = document.querySelector<HTMLElement>('.ag-root')!;
  const times: number[] = [];
  for (let done = 0; done <= builder.tables.steps.length; done += portion) {
    const begun = performance.now();
    kernel.play(done);
    while (Number(root.dataset['reached'] ?? -1) < done) await new Promise(r => setTimeout(r, 2));
    await nextPaint();
    times.push(performance.now() - begun);
    await new Promise(r => setTimeout(r, Math.max(0, 1000 / rate - (performance.now() - begun))));
  }
  return times;
}
(window as unknown as { demo: Demo }).demo = demo;

function nextPaint(): Promise<void> {
  return new Promise(resolve => requestAnimationFrame(() => setTimeout(resolve, 0)));
}

async function show(): Promise<number> {
  const begun = performance.now();
  const model = new TraceModel();
  const recorded = query.has('recorded');
  const kernel = recorded ? null : new FakeKernel(builder);
  const session = new Session(model, kernel ?? new NoChannel());
  demo.kernel = kernel;
  demo.mounted = mount(host, { model, session, height: query.get('height') ?? '100%' });
  const pause = query.get('pause');
  if (recorded) {
    for (const { header, buffer } of messages) model.apply(readFrame(header, new DataView(buffer)));
    model.setLiveness('recorded');
  } else if (pause !== null) {
    const first = builder.tables.steps.length - demo.nodes;
    kernel!.play(first + Number(pause));
    kernel!.pause();
  } else {
    for (const message of messages) kernel!.post(message);
  }
  const painted = nextPaint(); // before what waits for the same paint
  (demo.mounted as unknown as { pipeline: Pipeline }).pipeline.flush();
  await painted;
  const spent = performance.now() - begun;
  demo.mounted.update();
  return spent;
}

if (!query.has('wait')) void show();
