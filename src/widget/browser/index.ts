/** The catalog in a cell: search, columns, and the line that loads. */

export { Browser } from './Browser';
