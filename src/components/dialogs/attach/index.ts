/** Attaching files to a dataset: dropped or chosen, one or five hundred. */

export { AttachZone, type IAttachZoneProps } from './AttachZone';
export { AttachDialog, type IAttachDialogProps } from './AttachDialog';
export type { AttachFile } from './items';
export { restoreFile, statePath } from './restoring';
export type { IAttachTo } from './attaching';
export { type IChoosing, useChoosing } from './useChoosing';
export { useAttaching, type IAttaching } from './useAttaching';
