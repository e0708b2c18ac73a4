/** The JupyterLab extension: a panel that follows the active notebook, and its commands. */

import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin,
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { EditorExtensionRegistry, IEditorExtensionRegistry } from '@jupyterlab/codemirror';
import { INotebookTracker } from '@jupyterlab/notebook';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';

import type { Place } from '../../src/protocol/messages.js';
import { GONE } from '../../src/transport/channel.js';
import { offerControl, type ControlLink } from '../../src/transport/control.js';
import { translateWith } from '../../src/trans.js';
import { GO_TO } from '../../src/view/goto.js';
import { cellOf, goToPlace } from './cells.js';
import { addCommands } from './commands.js';
import { Gutter } from './gutter.js';
import type { Link } from './link.js';
import { Links } from './links.js';
import { Panel } from './panel.js';
import { followSettings } from './settings.js';

const ID = 'autograd-core:plugin';
/** Milliseconds between two looks at which lines get a mark. */
const MARKS_EVERY = 150;

const plugin: JupyterFrontEndPlugin<void> = {
  id: ID,
  description: 'A panel that shows and drives a backward of autograd_core.',
  autoStart: true,
  requires: [INotebookTracker],
  optional: [
    ITranslator,
    ICommandPalette,
    ILayoutRestorer,
    ISettingRegistry,
    IEditorExtensionRegistry,
  ],
  activate: (
    app: JupyterFrontEnd,
    tracker: INotebookTracker,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    restorer: ILayoutRestorer | null,
    settings: ISettingRegistry | null,
    editors: IEditorExtensionRegistry | null,
  ) => {
    const { commands, shell } = app;
    const trans = (translator ?? nullTranslator).load('autograd_core');
    translateWith(trans);
    const panel = new Panel(trans);
    const links = new Links();
    const gutter = new Gutter(trans);
    shell.add(panel, 'right', { rank: 900, type: 'Autograd' });
    restorer?.add(panel, panel.id);
    editors?.addExtension({
      name: 'autograd-core:gutter',
      factory: ({ model }) =>
        EditorExtensionRegistry.createImmutableExtension(gutter.extensionFor(model)),
    });

    const mark = paced(() => gutter.update(panel.link), MARKS_EVERY);
    const refresh = (): void => {
      markPaused(panel.link);
      commands.notifyCommandChanged();
      mark();
    };
    let unlisten = (): void => undefined;
    const follow = (): void => {
      unlisten();
      const notebook = tracker.currentWidget;
      panel.link = notebook && links.of(notebook);
      unlisten = panel.link?.changed.on(refresh) ?? unlisten;
      refresh();
    };
    tracker.currentChanged.connect(follow);
    tracker.activeCellChanged.connect(() => commands.notifyCommandChanged());
    follow();

    offerControl(element => {
      const link = links.around(element);
      return link && lend(link);
    });
    goWhereTheRendererSays(tracker);
    passKeysFromBoxes(app);
    const show = (): void => shell.activateById(panel.id);
    addCommands({ commands, panel, show, tracker, links, trans, palette });
    if (settings) void followSettings(settings, ID, panel, links);
  },
};

/** Widgets hear events on their own comms, as long as there is a kernel. */
function lend(link: Link): ControlLink {
  return {
    send: content => link.send(content),
    listen: callback => link.ended.on(() => callback({ event: GONE })),
  };
}

/** Shortcuts are bound to this attribute: they are ours only while something is paused. */
function markPaused(link: Link | null): void {
  document.body.toggleAttribute('data-autograd-paused', !!link?.paused && !link.state.held);
}

/** A line of code was clicked in a graph, in the panel or under a cell. */
function goWhereTheRendererSays(tracker: INotebookTracker): void {
  document.addEventListener(GO_TO, event => {
    const { detail: place, target } = event as CustomEvent<Place>;
    const around = tracker.find(notebook => notebook.node.contains(target as Node));
    const notebook = around ?? tracker.currentWidget;
    if (!notebook || cellOf(notebook, place) < 0) return;
    event.preventDefault();
    void goToPlace(notebook, place);
  });
}

/** An input box stops every key before it reaches the application. */
function passKeysFromBoxes({ commands }: JupyterFrontEnd): void {
  const pass = (event: KeyboardEvent): void => {
    const target = event.target as HTMLElement;
    const ours = document.body.hasAttribute('data-autograd-paused') && /^F\d+$/.test(event.key);
    if (ours && !event.defaultPrevented && target.matches('.jp-Stdin-input')) {
      commands.processKeydownEvent(event);
    }
  };
  document.addEventListener('keydown', pass, true);
}

/** Do something soon, and not more often than every so many milliseconds. */
function paced(act: () => void, every: number): () => void {
  let timer = 0;
  return () => {
    timer ||= window.setTimeout(() => {
      timer = 0;
      act();
    }, every);
  };
}

export default plugin;
