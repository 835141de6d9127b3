/** Rolling back: what an older version holds is written as a new one. */

export { RollbackDialog, type IRollbackDialogProps } from './RollbackDialog';
