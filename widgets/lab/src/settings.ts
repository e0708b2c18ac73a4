/** What people can choose in JupyterLab's settings. */

import type { ISettingRegistry } from '@jupyterlab/settingregistry';

import { usePalette } from '../../src/draw/colour.js';
import type { Links } from './links.js';
import type { Panel } from './panel.js';

/** Apply the settings now, and whenever they change. */
export async function followSettings(
  registry: ISettingRegistry,
  id: string,
  panel: Panel,
  links: Links,
): Promise<void> {
  const settings = await registry.load(id);
  const apply = (): void => {
    const rate = settings.get('updateRate').composite as number;
    panel.rate = rate;
    links.rate = rate;
    panel.graph.showBoxes(settings.get('nodeCap').composite as number);
    const colours = settings.get('colours').composite as string;
    usePalette(colours);
    document.body.dataset['autogradColours'] = colours; // graphs under cells look there
    panel.update();
  };
  settings.changed.connect(apply);
  apply();
}
