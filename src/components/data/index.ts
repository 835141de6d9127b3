export * from './hooks';
export { keys } from './keys';
export { CatalogProvider, forget, isGone, newQueryClient } from './provider';
