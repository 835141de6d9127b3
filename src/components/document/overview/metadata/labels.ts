/** Keys and values as they are read. */

/** A key as a label: `cell_type` is "Cell type"; what is written otherwise stays as it is. */
export function keyLabel(key: string): string {
  if (!/^[a-z][a-z0-9_]*$/.test(key)) {
    return key;
  }
  const words = key.replaceAll('_', ' ').trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** A value in one line. */
export function valueText(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}
