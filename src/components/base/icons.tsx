/** Icons, and which one a dataset or a file has. */

import { classes } from './classes';
import { DRAWINGS, type IconName } from './drawings';

export type { IconName } from './drawings';

/** What a colour says; it is never said by the colour alone. */
export type Tone = 'good' | 'warning' | 'error' | 'brand' | 'inherit';

export interface IIconProps {
  name: IconName;
  /** What the icon says, where no words beside it do; without it, it is hidden from readers. */
  label?: string;
  size?: 'small' | 'normal' | 'large';
  tone?: Tone;
  className?: string;
}

export function Icon({ name, label, size = 'normal', tone, className }: IIconProps) {
  return (
    <svg
      className={classes(
        'omicshelf-icon',
        size !== 'normal' && `omicshelf-mod-${size}`,
        tone && `omicshelf-mod-${tone}`,
        className
      )}
      viewBox="0 0 16 16"
      focusable="false"
      {...(label ? { role: 'img', 'aria-label': label } : { 'aria-hidden': true })}
    >
      {DRAWINGS[name]}
    </svg>
  );
}

const OF_FORMAT: Record<string, IconName> = {
  h5ad: 'cells',
  h5mu: 'cells',
  loom: 'cells',
  zarr: 'cells',
  '10x_h5': 'cells',
  '10x_mtx': 'cells',
  gct: 'matrix',
  gctx: 'matrix',
  mtx: 'matrix',
  csv: 'table',
  tsv: 'table',
  txt: 'table',
  maf: 'dna',
  seg: 'dna',
  parquet: 'table',
  xlsx: 'table',
  vcf: 'dna',
  bcf: 'dna',
  gvcf: 'dna',
  html: 'html',
  htm: 'html',
  png: 'image',
  jpg: 'image',
  jpeg: 'image',
  svg: 'image',
  tif: 'image',
  tiff: 'image',
  webp: 'image',
  gif: 'image'
};

// In this order: "Single cell proteomics" is of cells first.
const OF_TYPE: readonly (readonly [RegExp, IconName])[] = [
  [/single.?(cell|nucle)|scrna|snrna|scatac|cite.?seq|spatial|multiome/i, 'cells'],
  [/prote(in|om)|phospho/i, 'protein'],
  [/variant|mutation|genotyp|\bwgs\b|\bwes\b|genom(e|ic)/i, 'dna'],
  [/bulk|transcript|expression|rna|array|methyl|metabol|perturb|l1000/i, 'matrix'],
  [/data.?model|clinical.?model/i, 'model'],
  [/imag|histolog|microscop/i, 'image'],
  [/table|clinical|annotation|metadata/i, 'table']
];

/** The icon of a dataset: by its format, and where that may hold anything, by its type. */
export function typeIcon(dataType: string, dataFormat?: string | null): IconName {
  const byFormat = OF_FORMAT[dataFormat?.toLowerCase() ?? ''];
  // A table of proteins is shown as a table; a folder or an unknown format by what it is said to be.
  return byFormat ?? OF_TYPE.find(([words]) => words.test(dataType))?.[1] ?? 'file';
}
