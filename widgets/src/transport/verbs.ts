/** What can be done with a paused run, and if not now, why not. */

import type { TraceModel } from '../model/trace.js';
import type { State } from '../protocol/messages.js';
import type { Channel } from './channel.js';
import { trans } from '../trans.js';

export type Verb = 'continue' | 'over' | 'into' | 'out' | 'until' | 'back' | 'stop' | 'edit';

export const VERBS: readonly Verb[] = [
  'continue', 'over', 'into', 'out', 'until', 'back', 'stop', 'edit',
]; // prettier-ignore

/** What a verb does, in a few words, and its key; in English, to be translated. */
export const SAYS: Record<Verb, { label: string; says: string; key: string }> = {
  continue: { label: 'Continue', says: 'Run to the next breakpoint or the end', key: 'c' },
  over: { label: 'Over', says: 'Run this node, stop at the next', key: 'n' },
  into: { label: 'Into', says: 'Step into the Python of this node', key: 's' },
  out: { label: 'Out', says: 'Run to the first node outside this module', key: 'o' },
  until: { label: 'Until here', says: 'Run to the selected node', key: 'r' },
  back: { label: 'Back', says: 'Take the last step back', key: 'u' },
  stop: { label: 'Stop', says: 'End this backward and restore the gradients', key: 'x' },
  edit: { label: 'Edit', says: 'Change the gradient that arrived here', key: 'e' },
};

/** What verbs are in Python code: commands of pdb. */
const IN_PYTHON: Partial<Record<Verb, { line: string; says: string }>> = {
  continue: { line: 'continue', says: 'Leave Python, stop at the next node' },
  over: { line: 'next', says: 'Run this line of Python, stop at the next' },
  into: { line: 'step', says: 'Step into what this line calls' },
  out: { line: 'return', says: 'Run to the end of this function' },
  stop: { line: 'quit', says: SAYS.stop.says },
};

/** What a verb does now, in a few words. */
export function saysOf(verb: Verb, { phase }: State): string {
  return trans.__((phase === 'python' ? IN_PYTHON[verb]?.says : null) ?? SAYS[verb].says);
}

/** The request that a verb is now. */
export function requestOf(verb: Verb, { phase }: State): [string, Record<string, unknown>] {
  const line = phase === 'python' ? IN_PYTHON[verb]?.line : undefined;
  return line === undefined ? [verb, {}] : ['command', { line }];
}

/** What is selected, as far as a verb cares. */
export interface Selection {
  /** Whether there is a node to run to. */
  target: string | null;
  /** Whether it has run already. */
  done: boolean;
}

/** Why there is nothing to drive. */
export const RECORDED = 'recorded: there is no kernel behind this picture';

/** Why a verb does nothing now; null if it works. */
export function whyNot(
  verb: Verb,
  model: TraceModel,
  channel: Channel,
  selection: Selection,
): string | null {
  if (model.liveness === 'recorded') return trans.__(RECORDED);
  if (model.liveness === 'connecting') return trans.__('looking for the kernel');
  const unusable = channel.unusable();
  if (unusable) return unusable;
  const { state } = model;
  if (state.status === 'running') {
    return trans.__('the run is not paused; set a breakpoint to pause it');
  }
  if (state.status !== 'paused') return trans.__('nothing is paused');
  if (state.phase === 'forward' && (verb === 'back' || verb === 'edit')) {
    return trans.__('this is a stop in the forward: there is no gradient yet');
  }
  if (state.held) return state.held;
  if (state.phase === 'python') {
    return verb in IN_PYTHON
      ? null
      : trans.__('pdb stands in Python; go on to the next node first');
  }
  switch (verb) {
    case 'out':
      return state.node?.scope.length === 0 ? trans.__('this node is in no module') : null;
    case 'until':
      if (!selection.target) return trans.__('select a node first');
      return selection.done ? trans.__('the selected node has run already') : null;
    case 'back':
      return (state.can_back ?? 0) > 0 ? null : trans.__('there is no step to take back');
    case 'edit':
      return state.gradients?.some(g => g !== null) === false
        ? trans.__('no gradient arrived here')
        : null;
    default:
      return null;
  }
}
