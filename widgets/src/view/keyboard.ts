/** What a key in the view does; see `keys.ts` for which is which. */

import type { CanvasView } from './canvas.js';
import type { Commands } from './commands.js';
import { actionOf } from './keys.js';
import type { Pipeline } from './pipeline.js';
import type { ViewState } from './state.js';
import type { Toolbar } from './toolbar.js';
import { trans } from '../trans.js';

interface Around {
  commands: Commands;
  pipeline: Pipeline;
  canvas: CanvasView;
  toolbar: Toolbar;
  view: ViewState;
  say: (sentence: string) => void;
}

export function handleKey(event: KeyboardEvent, around: Around): void {
  const { commands, pipeline, canvas, toolbar, view } = around;
  const typing = (event.target as Element).closest('input:not([type=range]), select, dialog');
  const action = typing ? null : actionOf(event);
  if (event.key !== 'Tab') event.stopPropagation(); // the notebook has keys of its own
  if (!action) return;
  event.preventDefault();
  const box = pipeline.scene?.selected ?? null;
  const { position } = view;
  const steps = pipeline.graph?.iteration.steps.count ?? 0;
  switch (action.kind) {
    case 'verb':
      commands.act(action.verb);
      break;
    case 'view':
      commands.look(action.view);
      break;
    case 'search':
      toolbar.search.focus();
      break;
    case 'breakpoint':
      if (box) commands.toggleBreakpoint(box);
      else around.say(trans.__('Select a box first, then b sets a breakpoint on it.'));
      break;
    case 'open':
      if (box) commands.open(box, box.kind !== 'hull');
      break;
    case 'zoom':
      canvas.zoomBy(action.by);
      break;
    case 'pan':
      canvas.panBy(action.x, action.y);
      break;
    case 'step': {
      const at = Math.min(Math.max((position ?? steps) + action.by, 0), steps);
      commands.set('readings', () => (view.position = at === steps ? null : at));
      break;
    }
    case 'leave':
      (document.activeElement as HTMLElement | null)?.blur();
      break;
  }
}
