/** The lineage of a version: what it was made from, and what was made from it. */

export { Lineage } from './Lineage';
