/** What is in a version, and its metadata. */

export { Overview } from './Overview';
