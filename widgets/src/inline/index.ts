/**
 * The widget under a traced cell, as anywidget loads it.
 *
 * The trait `snapshot` holds what was saved with the notebook; a kernel that still lives sends
 * all there is when it is greeted.
 */

import { TraceModel } from '../model/trace.js';
import { readSnapshot } from '../protocol/snapshot.js';
import { BestChannel } from '../transport/best.js';
import { CommChannel, type WidgetModel } from '../transport/comm.js';
import { ControlChannel, controlLink } from '../transport/control.js';
import { Session } from '../transport/session.js';
import { StdinChannel } from '../transport/stdin.js';
import { mount } from '../view/app.js';

interface AnyModel extends WidgetModel {
  get(name: string): unknown;
}

function render({ model, el }: { model: AnyModel; el: HTMLElement }): () => void {
  const trace = new TraceModel();
  const comm = new CommChannel(model);
  const control = new ControlChannel(() => controlLink(el));
  const session = new Session(trace, new BestChannel([control, comm, new StdinChannel(el)]));
  const mounted = mount(el, { model: trace, session });
  const restore = (): void => {
    if (trace.newest < 0) showSnapshot(trace, session, model.get('snapshot'));
  };
  restore();
  model.on('change:snapshot', restore);
  void comm.request({ command: 'hello' }).then(
    () => trace.setLiveness('live'),
    () => {
      if (trace.liveness === 'connecting') trace.setLiveness('recorded');
    },
  );
  return () => {
    model.off('change:snapshot', restore);
    mounted.dispose();
    session.dispose();
  };
}

function showSnapshot(trace: TraceModel, session: Session, bytes: unknown): void {
  const view = bytes instanceof DataView ? bytes : null;
  if (!view?.byteLength) return;
  try {
    for (const frame of readSnapshot(view)) trace.apply(frame);
  } catch (error) {
    session.report(`The saved run can't be shown: ${(error as Error).message}.`);
  }
}

export default { render };
