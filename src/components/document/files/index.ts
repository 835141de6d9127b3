/** The files of a dataset: figures, reports, tables, protocols. */

export { Files } from './Files';
