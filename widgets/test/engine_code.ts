/** Stands for what the build makes of the layout engine. */

import * as engine from '../src/layout/engine.js';

export const makeEngine = (): typeof engine => engine;
