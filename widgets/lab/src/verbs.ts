/** The commands for a paused run, as buttons, palette entries and keys need them. */

import { TranslationBundle } from '@jupyterlab/translation';

import { Link } from './link';

export interface Verb {
  /** As in the protocol. */
  name: string;
  label: string;
  /** What it does, in a sentence. */
  hint: string;
  /** Works when the panel has the focus. */
  key: string;
  /** The path of its icon. */
  icon: string;
  /** Asks for a line of text first. */
  asks?: { label: string; example: string };
}

export function verbs(trans: TranslationBundle): Verb[] {
  return [
    {
      name: 'continue',
      label: trans.__('Continue'),
      hint: trans.__('Go on to the next breakpoint or the end'),
      key: 'c',
      icon: 'M3 2h2.5v12H3zM7.5 2 14 8l-6.5 6z',
    },
    {
      name: 'over',
      label: trans.__('Over'),
      hint: trans.__('Run this node and stop at the next'),
      key: 'n',
      icon: 'M2 9a6 6 0 0 1 10.2-4.2L14 3v5H9l1.8-1.8A4 4 0 0 0 4 9zM8 10.5a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
    },
    {
      name: 'into',
      label: trans.__('Into'),
      hint: trans.__("Stop in the first line of the node's backward formula"),
      key: 's',
      icon: 'M7 1h2v5h3L8 10 4 6h3zM8 11a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
    },
    {
      name: 'out',
      label: trans.__('Out'),
      hint: trans.__("Go on until backward leaves this node's module"),
      key: 'o',
      icon: 'M8 1l4 4H9v5H7V5H4zM8 11a2 2 0 1 1 0 4 2 2 0 0 1 0-4z',
    },
    {
      name: 'until',
      label: trans.__('Until…'),
      hint: trans.__('Go on until a condition holds or a node is reached'),
      key: 't',
      icon: 'M2 3l6 5-6 5zM9 2h2v1h4l-1 2.5L15 8h-4v6H9z',
      asks: { label: trans.__('Go on until'), example: 'op:Tanh, norm > 1e4, module:encoder.*' },
    },
    {
      name: 'back',
      label: trans.__('Back'),
      hint: trans.__('Undo the last step'),
      key: 'u',
      icon: 'M7 3v3h3.5a4 4 0 0 1 0 8H5v-2h5.5a2 2 0 0 0 0-4H7v3L1.5 7z',
    },
    {
      name: 'edit',
      label: trans.__('Edit…'),
      hint: trans.__('Change the gradient that arrived'),
      key: 'e',
      icon: 'M11.5 1.5l3 3L6 13l-4 1 1-4zM10 4.4 4.6 9.8l-.4 2 2-.4L11.600 6z',
      asks: { label: trans.__('New gradient'), example: 'grad * 0.1' },
    },
    {
      name: 'stop',
      label: trans.__('Stop'),
      hint: trans.__('End backward; gradients become what they were before it'),
      key: 'q',
      icon: 'M3 3h10v10H3z',
    },
  ];
}

/** Why a command can't be taken now, in words; null if it can. */
export function reasonAgainst(
  verb: string,
  link: Link | null,
  trans: TranslationBundle,
): string | null {
  switch (link?.whyNot ?? (link ? null : 'nothing')) {
    case 'nothing':
      return trans.__('Nothing is paused');
    case 'held':
      return link?.state.held ?? '';
    default:
  }
  const state = link?.state;
  if (state?.phase === 'forward' && (verb === 'back' || verb === 'edit' || verb === 'into')) {
    return trans.__('Works in backward only; this is a stop after a forward op');
  }
  if (verb === 'back' && !state?.can_back) {
    return trans.__('No step of this backward can be undone');
  }
  if (verb === 'out' && !state?.node?.scope.length) {
    return trans.__('This node was made outside of any module');
  }
  return null;
}
