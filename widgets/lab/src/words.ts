/** How things are with a notebook's run, in words. */

import type { TranslationBundle } from '@jupyterlab/translation';

import type { Link } from './link.js';
import { nodeText } from './stop_view.js';

export interface Words {
  /** For colours: one of a few fixed words. */
  kind: 'paused' | 'held' | 'running' | 'idle' | 'away';
  status: string;
  reason: string;
}

export function describe(link: Link | null, trans: TranslationBundle): Words {
  const away = (status: string, reason: string): Words => ({ kind: 'away', status, reason });
  switch (link?.contact ?? 'no notebook') {
    case 'no notebook':
      return away(trans.__('No notebook'), trans.__('Open one, and this panel follows it.'));
    case 'no kernel':
      return away(trans.__('No kernel'), trans.__('This notebook has no kernel that runs.'));
    case 'asking':
      return away(trans.__('Asking the kernel…'), '');
    case 'not loaded':
      return away(
        trans.__('Not loaded'),
        trans.__('autograd_core is not loaded in this kernel: run %load_ext autograd_core.'),
      );
    case 'lost':
      return away(
        trans.__('Disconnected'),
        trans.__('The connection to the kernel is gone for now.'),
      );
    case 'gone':
      return away(
        trans.__('Recorded, kernel gone'),
        trans.__('The kernel was restarted or has ended; what it showed last is kept below.'),
      );
    default:
  }
  const state = link!.state;
  if (state.status === 'paused') {
    const at = nodeText(state);
    const status =
      state.phase === 'forward'
        ? trans.__('Paused after %1', at)
        : trans.__('Paused before %1', at);
    const reason = state.reason ?? '';
    return state.held
      ? { kind: 'held', status, reason: `${reason}. ${state.held}` }
      : { kind: 'paused', status, reason };
  }
  if (state.status === 'running' || link!.busy) {
    return { kind: 'running', status: trans.__('Running'), reason: trans.__('Nothing is paused.') };
  }
  return { kind: 'idle', status: trans.__('Idle'), reason: trans.__('Nothing is paused.') };
}
