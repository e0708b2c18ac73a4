/** Scenes for tests, laid out. */

import type { Builder } from '../demo/builder.js';
import type { Scene } from '../src/draw/scene.js';
import { DARK } from '../src/draw/theme.js';
import type { TraceModel } from '../src/model/trace.js';
import { Pipeline } from '../src/view/pipeline.js';
import { ViewState } from '../src/view/state.js';
import { modelOf } from './helpers.js';

export function sceneOf(builder: Builder, maxBoxes = 60): Scene {
  return sceneIn(modelOf(builder), maxBoxes);
}

export function sceneIn(model: TraceModel, maxBoxes = 60): Scene {
  const view = new ViewState();
  view.maxBoxes = maxBoxes;
  const pipeline = new Pipeline(model, view, () => DARK, () => 1.4); // prettier-ignore
  pipeline.flush();
  return pipeline.scene!;
}
