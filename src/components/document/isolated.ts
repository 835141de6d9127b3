/** Values from data inside of a translated sentence. */

import { visible } from '../base';

const LONGEST = 200;

/**
 * A value to be put into a sentence: with nothing unseen in it, of a length that can be read, and
 * isolated, so that a right-to-left name does not turn the words around it.
 *
 * Not for what goes through `Text`, which does all of this by itself.
 */
export function isolated(value: string): string {
  const cut = value.length > LONGEST ? `${value.slice(0, LONGEST)}…` : value;
  return `\u2068${visible(cut)}\u2069`;
}
