/**
 * The side panel. It is put inside of a `CatalogProvider` and a `Surface`, and takes what it needs
 * from the host; see {@link ISidebarProps} for what a host may listen to.
 */

export { Sidebar, type ISidebarHandle, type ISidebarProps } from './Sidebar';
