/**
 * Through the input box under the cell, which is open while a run is paused: what a button
 * stands for is typed there, as a person would.
 */

import { Emitter } from '../model/emitter.js';
import type { Reply, Request } from '../protocol/messages.js';
import { UnreachableError, UnspeakableError, type Channel, type Incoming } from './channel.js';
import { trans } from '../trans.js';

const BOX = '.jp-Stdin-input, .jp-Stdin input';

export class StdinChannel implements Channel {
  readonly kind = 'stdin';
  readonly incoming = new Emitter<Incoming>();

  constructor(private readonly element: Element) {}

  unusable(): string | null {
    return this.box() ? null : trans.__('no input box is open under the cell');
  }

  request(request: Request): Promise<Reply> {
    const box = this.box();
    const line = lineOf(request);
    if (!box) return Promise.reject(new UnreachableError(this.unusable()!));
    if (line === null) {
      const why = trans.__('"%1" can\'t be typed at the prompt', request.command);
      return Promise.reject(new UnspeakableError(why));
    }
    box.value = line;
    const enter = { key: 'Enter', code: 'Enter', keyCode: 13, bubbles: true };
    box.dispatchEvent(new Event('input', { bubbles: true }));
    box.dispatchEvent(new KeyboardEvent('keydown', enter));
    return Promise.resolve({ id: null, ok: true });
  }

  dispose(): void {
    // Nothing is open.
  }

  private box(): HTMLInputElement | null {
    const notebook = this.element.closest('.jp-Notebook, .jp-NotebookPanel') ?? document;
    return notebook.querySelector<HTMLInputElement>(BOX);
  }
}

/** What a person would type for a request; null for those that a prompt has no word for. */
export function lineOf({ command, arguments: given = {} }: Request): string | null {
  const text = (name: string): string => String(given[name]);
  switch (command) {
    case 'over':
    case 'back':
      return 'count' in given ? `${command} ${text('count')}` : command;
    case 'into':
    case 'out':
    case 'continue':
    case 'stop':
    case 'replay':
      return command;
    case 'until':
      return `until ${text('target')}`;
    case 'edit':
      return `edit ${'output' in given ? text('output') : '0'}: ${text('expression')}`;
    case 'command':
      return text('line');
    case 'break':
      return `gbreak ${text('text')}`;
    case 'enable':
    case 'disable':
      return `gbreak ${command} ${text('number')}`;
    case 'clear':
      return 'number' in given ? `gbreak clear ${text('number')}` : 'gbreak clear';
    default:
      return null;
  }
}
