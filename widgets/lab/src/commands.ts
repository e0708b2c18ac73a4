/** Commands for the palette, the shortcuts and the notebook's toolbar. */

import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { TranslationBundle } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';

import { activeCodeCell, traceCell } from './cells';
import { traceIcon } from './icons';
import { Links } from './links';
import { Panel } from './panel';
import { reasonAgainst, verbs } from './verbs';

export const SHOW = 'autograd-core:show';
export const TRACE = 'autograd-core:trace-cell';

export function addCommands(
  commands: CommandRegistry,
  panel: Panel,
  show: () => void,
  tracker: INotebookTracker,
  links: Links,
  trans: TranslationBundle,
  palette: ICommandPalette | null,
): void {
  const category = trans.__('Autograd');
  for (const verb of verbs(trans)) {
    commands.addCommand(`autograd-core:${verb.name}`, {
      label: verb.label,
      caption: verb.hint,
      isEnabled: () => reasonAgainst(verb.name, panel.link, trans) === null,
      execute: () => {
        if (verb.asks) {
          show();
        }
        panel.press(verb.name);
      },
    });
    palette?.addItem({ command: `autograd-core:${verb.name}`, category });
  }
  commands.addCommand(SHOW, { label: trans.__('Show the Autograd Panel'), execute: show });
  commands.addCommand(TRACE, {
    label: args => (args.toolbar ? '' : trans.__('Trace the Current Cell')),
    caption: trans.__('Run this cell and draw its autograd graph; its text stays as it is'),
    icon: args => (args.toolbar ? traceIcon : undefined),
    isEnabled: () => activeCodeCell(tracker.currentWidget) !== null,
    execute: async () => {
      const notebook = tracker.currentWidget;
      const cell = activeCodeCell(notebook);
      if (!notebook || !cell) {
        return;
      }
      await links.of(notebook).makeSureItIsLoaded();
      await traceCell(notebook, cell);
    },
  });
  palette?.addItem({ command: SHOW, category });
  palette?.addItem({ command: TRACE, category });
}
