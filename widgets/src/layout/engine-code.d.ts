declare module 'engine:code' {
  /** Makes an engine; its text is a program of its own. */
  export function makeEngine(): typeof import('./engine.js');
}
