/** Loading into a kernel: at once, or by a dialog where something is to be chosen. */

export { LoadButton, type ILoadButtonProps } from './LoadButton';
export { LoadDialog, type ILoadDialogProps } from './LoadDialog';
export { useKernels } from './useKernels';
export { notifyLoaded, useLoad, type ILoad } from './useLoad';
