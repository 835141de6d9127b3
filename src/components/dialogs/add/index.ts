/** Adding datasets: files that are chosen or dropped become datasets, or versions of some. */

export { AddDialog, type IAddDialogProps } from './AddDialog';
export { type IDropped, dropped, hasFiles } from './intake';
