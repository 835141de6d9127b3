/** The document of a dataset. */

export { DatasetDocument, type IDatasetDocumentProps } from './DatasetDocument';
export { findVersion, reference, versionName } from './reference';
export type { IRoomProps } from './Room';
