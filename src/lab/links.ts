/** Links to datasets: `…/lab?omicshelf=immunology/pbmc68k_reduced@v5`. */

import { PageConfig } from '@jupyterlab/coreutils';

import type { IDatasetRef } from '../api/records';
import { parseReference, referenceOf } from './reference';

const KEY = 'omicshelf';

/** Take the dataset out of an address; `url` is the address without it. */
export function takeLink(address: string): { ref: IDatasetRef | null; text: string; url: string } {
  const url = new URL(address);
  const text = url.searchParams.get(KEY) ?? '';
  // As it was written: the parameters of others are not encoded anew.
  const kept = url.search
    .slice(1)
    .split('&')
    .filter(part => part && part.split('=')[0] !== KEY);
  url.search = kept.length ? `?${kept.join('&')}` : '';
  return { ref: parseReference(text), text, url: url.href };
}

/** The address at which JupyterLab opens a dataset. */
export function linkTo(ref: IDatasetRef, baseUrl = PageConfig.getBaseUrl()): string {
  return `${baseUrl}lab?${KEY}=${encodeURIComponent(referenceOf(ref))}`;
}
