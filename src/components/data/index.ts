export * from './hooks';
export { keys } from './keys';
export { type IFoundGenes, type IGeneTable, useFoundGenes } from './useFoundGenes';
export { CatalogProvider, forget, isGone, newQueryClient } from './provider';
