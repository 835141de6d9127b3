/** Two people edited the same metadata: what both did, and where they differ. */

import type { Metadata } from '../../../../api/records';
import { fieldOf, type IField, keyOf, problemOf, same, valueOf } from './draft';

/** A key that both changed, to differing values; undefined is a key that was taken away. */
export interface IClash {
  key: string;
  mine: unknown;
  theirs: unknown;
  /** Whose value it will be; null until it is chosen. */
  choice: 'mine' | 'theirs' | null;
}

export interface IMerged {
  /** With what only they changed; where both did, mine, as it was typed. */
  fields: IField[];
  clashes: IClash[];
}

/** Take over what others changed since `base`, and keep what was typed here. */
export function mergeFields(fields: readonly IField[], base: Metadata, theirs: Metadata): IMerged {
  const clashes: IClash[] = [];
  const merged: IField[] = [];
  const here = new Set(fields.map(keyOf));
  for (const field of fields) {
    const key = keyOf(field);
    const was = own(base, key);
    const there = own(theirs, key);
    const mine = valueOf(field);
    // What is wrong has no value yet, and was typed all the same.
    const typed = problemOf(field, fields) !== null || !same(mine, was);
    if (!typed) {
      if (there !== undefined) {
        merged.push(same(there, mine) ? { ...field, isNew: false } : fieldOf(key, there));
      }
      continue;
    }
    merged.push(there === undefined ? field : { ...field, isNew: false });
    if (key && !same(was, there) && !same(mine, there)) {
      clashes.push({ key, mine: mine ?? field.text, theirs: there, choice: null });
    }
  }
  for (const [key, there] of Object.entries(theirs)) {
    if (here.has(key)) {
      continue;
    }
    const was = own(base, key);
    if (was === undefined) {
      merged.push(fieldOf(key, there));
    } else if (!same(was, there)) {
      // I took it away, and they changed it.
      clashes.push({ key, mine: undefined, theirs: there, choice: null });
    }
  }
  return { fields: merged, clashes };
}

/** Put what was chosen into the fields. */
export function settle(fields: readonly IField[], clash: IClash): IField[] {
  const others = fields.filter(field => keyOf(field) !== clash.key);
  const value = clash.choice === 'theirs' ? clash.theirs : clash.mine;
  if (value === undefined) {
    return others;
  }
  const at = fields.findIndex(field => keyOf(field) === clash.key);
  const settled = fieldOf(clash.key, value);
  return at < 0
    ? [...fields, settled]
    : fields.map(field => (keyOf(field) === clash.key ? settled : field));
}

function own(metadata: Metadata, key: string): unknown {
  return Object.hasOwn(metadata, key) ? metadata[key] : undefined;
}
