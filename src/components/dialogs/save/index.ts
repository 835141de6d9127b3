/** Saving what a kernel holds as a version, or as a new dataset. */

export { SaveDialog, type ISaveDialogProps } from './SaveDialog';
export { useSave, type ISave } from './useSave';
export { EMPTY_DRAFT, type ISaveDraft } from './useSaveForm';
