/** One dataset in a cell: its versions, its files, or all of it. */

export { DocumentView } from './DocumentView';
export { FilesView, TimelineView } from './RoomView';
