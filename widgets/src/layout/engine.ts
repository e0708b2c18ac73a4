/**
 * What runs in the worker.  The build makes one function of this file (`engine:code`), whose
 * text is the worker's program and which the main thread calls where workers are forbidden.
 */

export { layOut } from './nested.js';
