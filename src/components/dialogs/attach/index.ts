/** Attaching files to a dataset: dropped or chosen, one or five hundred. */

export { AttachZone, type IAttachZoneProps } from './AttachZone';
export { restoreFile, statePath } from './restoring';
export type { IAttachTo } from './attaching';
export { useAttaching, type IAttaching } from './useAttaching';
