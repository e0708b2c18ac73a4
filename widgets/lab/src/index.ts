/** The JupyterLab extension: a panel that follows the active notebook, and its commands. */

import { ILayoutRestorer, JupyterFrontEnd, JupyterFrontEndPlugin } from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import { addCommands } from './commands';
import { Link } from './link';
import { Links } from './links';
import { Panel } from './panel';

const ID = 'autograd-core:plugin';

const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'A panel that shows and drives a paused backward of autograd_core.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [ITranslator, ICommandPalette, ILayoutRestorer, ISettingRegistry],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null,
  ) => {
    const trans = (translator ?? nullTranslator).load('autograd_core');
    const panel = new Panel(trans);
    const links = new Links();
    app.shell.add(panel, 'right', { rank: 900, type: 'Autograd' });
    restorer?.add(panel, panel.id);

    const refresh = (): void => {
      markPaused(panel.link);
      app.commands.notifyCommandChanged();
    };
    const follow = (): void => {
      panel.link?.changed.disconnect(refresh);
      const notebook = tracker.currentWidget;
      panel.link = notebook && links.of(notebook);
      panel.link?.changed.connect(refresh);
      refresh();
    };
    tracker.currentChanged.connect(follow);
    tracker.activeCellChanged.connect(() => app.commands.notifyCommandChanged());
    follow();

    // An input box stops every key before it reaches the application.
    const fromBox = (event: KeyboardEvent): void => {
      const target = event.target as HTMLElement;
      const ours = document.body.hasAttribute('data-autograd-paused') && /^F\d+$/.test(event.key);
      if (ours && !event.defaultPrevented && target.matches('.jp-Stdin-input')) {
        app.commands.processKeydownEvent(event);
      }
    };
    document.addEventListener('keydown', fromBox, true);

    const show = (): void => app.shell.activateById(panel.id);
    addCommands(app.commands, panel, show, tracker, links, trans, palette);
    void settings?.load(ID).then(found => {
      const apply = (): void => {
        panel.rate = found.get('updateRate').composite as number;
      };
      found.changed.connect(apply);
      apply();
    });
  },
};

/** Shortcuts are bound to this attribute: they are ours only while something is paused. */
function markPaused(link: Link | null): void {
  document.body.toggleAttribute('data-autograd-paused', link?.whyNot === null);
}

export default plugin;
