/** How the run stands, in one line. */

import type { TraceModel } from '../model/trace.js';
import { count, nodes } from '../model/words.js';
import type { Scene } from '../draw/scene.js';
import { trans } from '../trans.js';

export type StatusKind = 'live' | 'running' | 'paused' | 'recorded';

export function statusOf(model: TraceModel, scene: Scene | null): [StatusKind, string] {
  const progress = scene ? progressOf(scene) : '';
  const say = (word: string): string => [word, progress].filter(Boolean).join(' · ');
  if (model.liveness === 'recorded')
    return [
      'recorded',
      say([trans.__('recorded'), trans.__(model.gone)].filter(Boolean).join(', ')),
    ];
  if (model.state.status === 'paused') return ['paused', say(trans.__('paused'))];
  if (model.state.status === 'running') return ['running', say(trans.__('running'))];
  if (model.liveness === 'connecting') return ['live', say(trans.__('connecting'))];
  return ['live', say(trans.__('finished'))];
}

function progressOf({ graph, readings }: Scene): string {
  const done = readings.done ? ` · ${trans.__('backward %1', count(readings.done))}` : '';
  return `${nodes(graph.count)}${done}`;
}
