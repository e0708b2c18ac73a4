/** What somebody chose to see, as opposed to what was recorded. */

import type { FlowBy } from '../model/flow.js';

/** How much of the picture must be made anew, the least first. */
export type Level = 'paint' | 'readings' | 'outline' | 'graph';

export class ViewState {
  /** The iteration to show; null follows the newest. */
  iteration: number | null = null;
  /** The iteration to compare with; null for none. */
  compare: number | null = null;
  /** How many backward steps to show; null for all. */
  position: number | null = null;
  /** Key of the selected box. */
  selected: string | null = null;
  query = '';
  /** Scopes that somebody opened or closed, by title. */
  readonly chosen = new Map<string, boolean>();
  readonly unfolded = new Set<string>();
  /** How many boxes are shown before modules are folded. */
  fewBoxes = FEW_BOXES;
  maxBoxes = FEW_BOXES;
  /** Lines of code in boxes; null: where there are no modules to tell nodes apart. */
  showCode: boolean | null = null;
  /** Whether the view goes along with what runs. */
  follow = true;
  flowBy: FlowBy = 'parameter';
}

/** As many boxes as one can take in. */
export const FEW_BOXES = 60;
/** As many as can be laid out while somebody waits. */
export const ALL_BOXES = 25_000;
