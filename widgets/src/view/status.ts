/** How the run stands, in one line. */

import type { TraceModel } from '../model/trace.js';
import { count, nodes } from '../draw/numbers.js';
import type { Scene } from '../draw/scene.js';

export type StatusKind = 'live' | 'running' | 'paused' | 'recorded';

export function statusOf(model: TraceModel, scene: Scene | null): [StatusKind, string] {
  const progress = scene ? progressOf(scene) : '';
  const say = (word: string): string => [word, progress].filter(Boolean).join(' · ');
  if (model.liveness === 'recorded')
    return ['recorded', say(['recorded', model.gone].filter(Boolean).join(', '))];
  if (model.state.status === 'paused') return ['paused', say('paused')];
  if (model.state.status === 'running') return ['running', say('running')];
  if (model.liveness === 'connecting') return ['live', say('connecting')];
  return ['live', say('finished')];
}

function progressOf({ graph, readings }: Scene): string {
  const done = readings.done ? ` · backward ${count(readings.done)}` : '';
  return `${nodes(graph.count)}${done}`;
}
