/** How a file can be shown, by its name. */

export type FileKind = 'image' | 'html' | 'pdf' | 'table' | 'markdown' | 'json' | 'text' | 'other';

const IMAGES: Record<string, string> = {
  png: 'image/png',
  jpg: 'image/jpeg',
  jpeg: 'image/jpeg',
  gif: 'image/gif',
  webp: 'image/webp',
  bmp: 'image/bmp',
  avif: 'image/avif',
  // As an image its scripts do not run, and it fetches nothing.
  svg: 'image/svg+xml'
};

const KINDS: Record<string, FileKind> = {
  html: 'html',
  htm: 'html',
  pdf: 'pdf',
  csv: 'table',
  tsv: 'table',
  md: 'markdown',
  markdown: 'markdown',
  json: 'json',
  ipynb: 'json'
};

// What browsers cannot show, so that nobody waits for its first bytes.
const BINARY =
  /\.(gz|zip|xz|bz2|zst|tar|h5|h5ad|h5mu|loom|parquet|feather|xlsx?|docx?|pptx?|bam|cram|bcf|rds|rda|pkl|npy|npz|tiff?|czi|nd2|svs|mp4|mov|avi)$/i;

export function endingOf(name: string): string {
  return /\.([a-z0-9]+)$/i.exec(name)?.[1].toLowerCase() ?? '';
}

/** Files of an unknown ending are looked at: they may be text. */
export function kindOf(name: string): FileKind {
  const ending = endingOf(name);
  if (ending in IMAGES) {
    return 'image';
  }
  return KINDS[ending] ?? (BINARY.test(name) ? 'other' : 'text');
}

export function imageType(name: string): string {
  return IMAGES[endingOf(name)] ?? '';
}
