/** Commands for the palette, the shortcuts and the notebook's toolbar. */

import type { ICommandPalette } from '@jupyterlab/apputils';
import type { INotebookTracker } from '@jupyterlab/notebook';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';

import { asks, hintOf, labelOf, reasonAgainst, VERBS } from './bar.js';
import { activeCodeCell, goToPlace, traceCell } from './cells.js';
import { traceIcon } from './icons.js';
import type { Links } from './links.js';
import type { Panel } from './panel.js';

const SHOW = 'autograd-core:show';
const TRACE = 'autograd-core:trace-cell';
const PAUSED_LINE = 'autograd-core:paused-line';
const ADD_BREAKPOINT = 'autograd-core:add-breakpoint';

export interface Host {
  commands: CommandRegistry;
  panel: Panel;
  show: () => void;
  tracker: INotebookTracker;
  links: Links;
  trans: TranslationBundle;
  palette: ICommandPalette | null;
}

export function addCommands({ commands, panel, show, tracker, links, trans, palette }: Host): void {
  const names = [SHOW, TRACE, PAUSED_LINE, ADD_BREAKPOINT];
  commands.addCommand(SHOW, { label: trans.__('Show the Autograd Panel'), execute: show });
  commands.addCommand(TRACE, {
    label: args => (args['toolbar'] ? '' : trans.__('Trace the Current Cell')),
    caption: trans.__('Run this cell and draw its autograd graph; its text stays as it is'),
    icon: args => (args['toolbar'] ? traceIcon : undefined),
    isEnabled: () => activeCodeCell(tracker.currentWidget) !== null,
    execute: async () => {
      const notebook = tracker.currentWidget;
      const cell = activeCodeCell(notebook);
      if (!notebook || !cell) return;
      await links.of(notebook).makeSureItIsLoaded();
      await traceCell(notebook, cell);
    },
  });
  commands.addCommand(PAUSED_LINE, {
    label: trans.__('Go to the Line of the Paused Node'),
    isEnabled: () => Boolean(panel.link?.paused && panel.link.state.location),
    execute: async () => {
      const { link } = panel;
      if (link?.state.location) await goToPlace(link.notebook, link.state.location);
    },
  });
  commands.addCommand(ADD_BREAKPOINT, {
    label: trans.__('Add a Breakpoint…'),
    isEnabled: () => panel.link?.contact === 'there',
    execute: () => {
      show();
      panel.typeBreakpoint();
    },
  });
  for (const verb of VERBS) {
    const name = `autograd-core:${verb}`;
    names.push(name);
    commands.addCommand(name, {
      label: labelOf(verb, trans),
      caption: hintOf(verb, trans),
      isEnabled: () => reasonAgainst(verb, panel.link, trans) === null,
      execute: () => {
        if (asks(verb)) show();
        panel.press(verb);
      },
    });
  }
  for (const command of names) palette?.addItem({ command, category: trans.__('Autograd') });
}
