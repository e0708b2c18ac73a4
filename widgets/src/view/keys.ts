/** Which key does what, while the graph has the focus. */

import { SAYS, VERBS, type Verb } from '../transport/verbs.js';
import type { ViewAction } from './toolbar.js';

export type KeyAction =
  | { kind: 'verb'; verb: Verb }
  | { kind: 'view'; view: ViewAction }
  | { kind: 'zoom'; by: number }
  | { kind: 'pan'; x: number; y: number }
  | { kind: 'step'; by: number }
  | { kind: 'search' | 'breakpoint' | 'open' | 'leave' };

const PAN = 60;

const ACTIONS = new Map<string, KeyAction>([
  ...VERBS.map(verb => [SAYS[verb].key, { kind: 'verb', verb }] as const),
  ['F8', { kind: 'verb', verb: 'continue' }],
  ['b', { kind: 'breakpoint' }],
  ['/', { kind: 'search' }],
  ['.', { kind: 'view', view: 'current' }],
  ['f', { kind: 'view', view: 'fit' }],
  ['?', { kind: 'view', view: 'help' }],
  ['+', { kind: 'zoom', by: 1.25 }],
  ['=', { kind: 'zoom', by: 1.25 }],
  ['-', { kind: 'zoom', by: 0.8 }],
  ['[', { kind: 'step', by: -1 }],
  [']', { kind: 'step', by: 1 }],
  ['ArrowLeft', { kind: 'pan', x: PAN, y: 0 }],
  ['ArrowRight', { kind: 'pan', x: -PAN, y: 0 }],
  ['ArrowUp', { kind: 'pan', x: 0, y: PAN }],
  ['ArrowDown', { kind: 'pan', x: 0, y: -PAN }],
  ['Enter', { kind: 'open' }],
  ['Escape', { kind: 'leave' }],
]);

export function actionOf(event: KeyboardEvent): KeyAction | null {
  if (event.ctrlKey || event.metaKey || event.altKey) return null;
  const target = event.target as Element | null;
  const own = target?.closest('button, summary, input');
  if (own && (event.key === 'Enter' || event.key.startsWith('Arrow'))) return null;
  return ACTIONS.get(event.key) ?? null;
}
