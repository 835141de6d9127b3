/** Ids of datasets: what can be one, and one made of a name, as the Python package makes it. */

const LONGEST = 200;

/** Whether a text can be the id of a dataset. */
export function isDatasetId(text: string): boolean {
  return /^[0-9A-Za-z_-]+$/.test(text) && text.length <= LONGEST;
}

/** Propose an id for a name: `B cells (68k PBMC)` gives `B_cells_68k_PBMC`. */
export function proposeId(name: string): string {
  const ascii = name.normalize('NFKD').replace(/[^\0-\x7f]/g, '');
  return (
    ascii
      .replace(/[^0-9a-zA-Z-]+/g, '_')
      .replace(/^[_-]+|[_-]+$/g, '')
      .slice(0, LONGEST) || 'dataset'
  );
}
