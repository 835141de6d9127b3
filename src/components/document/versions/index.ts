/** The versions of a dataset: what happened to it, what differs, and the way back. */

export { Versions } from './Versions';
