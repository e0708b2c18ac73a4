/**
 * Checkpointed regions.  What backward computes again for one is recorded in the scope around
 * it, below "recompute"; the modules named there are those that were checkpointed.
 */

import type { Box } from './box.js';

const AGAIN = 'recompute';

export const isAgain = (path: readonly string[]): boolean => path.includes(AGAIN);

export class Regions {
  private readonly units = new Set<string>();

  /** From the paths of all nodes' modules. */
  constructor(paths: Iterable<readonly string[]>) {
    for (const path of paths) {
      const at = path.indexOf(AGAIN);
      if (at < 0 || at + 1 >= path.length) continue;
      const inside = /^\d+$/.test(path[at + 2] ?? '') ? 2 : 1; // of a list: the block
      this.units.add([...path.slice(0, at), ...path.slice(at + 1, at + 1 + inside)].join('.'));
    }
  }

  /** What a module is, by its name with dots. */
  of(module: string): Box['region'] {
    const path = module.split('.');
    if (isAgain(path)) return 'recompute';
    return path.some((_, n) => this.units.has(path.slice(0, n + 1).join('.'))) ? 'checkpoint' : '';
  }
}
