/**
 * The widget under a traced cell, as anywidget loads it.
 *
 * The trait `snapshot` holds what was saved with the notebook; a kernel that still lives sends
 * all there is when it is greeted.
 */

import { TraceModel } from '../model/trace.js';
import { readSnapshot } from '../protocol/snapshot.js';
import { BestChannel } from '../transport/best.js';
import { insist } from '../transport/channel.js';
import { CommChannel, type WidgetModel } from '../transport/comm.js';
import { ControlChannel, controlLink } from '../transport/control.js';
import { Session } from '../transport/session.js';
import { StdinChannel } from '../transport/stdin.js';
import { mount } from '../view/app.js';
import { hidePictures } from './pictures.js';
import { trans } from '../trans.js';

interface AnyModel extends WidgetModel {
  get(name: string): unknown;
}

function render({ model, el }: { model: AnyModel; el: HTMLElement }): () => void {
  const trace = new TraceModel();
  const comm = new CommChannel(model);
  const control = new ControlChannel(() => controlLink(el));
  const channel = new BestChannel([control, comm, new StdinChannel(el)]);
  const session = new Session(trace, channel);
  const mounted = mount(el, { model: trace, session });

  const restore = (): void => {
    if (trace.newest < 0) showSnapshot(trace, session, model.get('snapshot'));
  };
  const isOver = (): boolean => trace.newest >= 0 || Boolean(model.get('summary'));
  const greet = (): void => {
    if (!session.hasEnded) void hello(trace, comm, isOver);
  };
  const reconnect = (): void => {
    if (session.hasEnded) return;
    trace.setLiveness('connecting');
    trace.setState({ status: 'idle' });
    greet();
  };
  session.lost = greet;
  restore();
  model.on('change:snapshot', restore);
  model.on('comm_live_update', reconnect); // the kernel was restarted
  window.addEventListener('online', greet);
  const stop = probeAtStops(trace, channel, () => mounted.update());
  const showPictures = hidePictures(el);
  greet();
  return () => {
    model.off('change:snapshot', restore);
    model.off('comm_live_update', reconnect);
    window.removeEventListener('online', greet);
    stop();
    showPictures();
    mounted.dispose();
    session.dispose();
  };
}

/** Ask for all there is; without an answer what was saved is all there is. */
async function hello(trace: TraceModel, comm: CommChannel, isOver: () => boolean): Promise<void> {
  try {
    const reply = await insist(comm, { command: 'hello' });
    if (reply.ok) trace.setLiveness('live');
    else trace.setLiveness('recorded', 'no longer in memory');
  } catch {
    // A kernel that is busy or paused may answer later.
    if (trace.state.status === 'idle' && isOver()) trace.setLiveness('recorded');
  }
}

/** At each stop, see whether the kernel hears us there, and then show what can be done. */
function probeAtStops(trace: TraceModel, channel: BestChannel, shown: () => void): () => void {
  let paused = false;
  return trace.changed.on(() => {
    if (trace.paused && !paused) void channel.probe().then(shown);
    paused = trace.paused;
  });
}

function showSnapshot(trace: TraceModel, session: Session, bytes: unknown): void {
  const view = bytes instanceof DataView ? bytes : null;
  if (!view?.byteLength) return;
  try {
    for (const frame of readSnapshot(view)) trace.apply(frame);
  } catch (error) {
    session.report(trans.__("The saved run can't be shown: %1.", (error as Error).message));
  }
}

export default { render };
