/** Rolling back: what an older version holds is written as a new one. */

export { RollbackFrom, type IRollbackFromProps } from './RollbackFrom';
export { RollbackDialog, type IRollbackDialogProps } from './RollbackDialog';
