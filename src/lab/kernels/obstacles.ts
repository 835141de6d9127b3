/** What stands against a load, and the words for it. */

import { CatalogError } from '../../api/errors';
import type { ILoadWish, LoadAs, LoadObstacle } from '../../components/host';
import type { Translate } from '../../components/words';

/** Above this part of the memory that is free, somebody is asked first. */
const LARGE = 0.5;

/** A load that does not begin; its `obstacle` says why. */
export class Obstructed extends CatalogError {
  constructor(
    title: string,
    detail: string,
    readonly obstacle: LoadObstacle
  ) {
    super(title, detail, 'Obstructed', 0);
  }
}

/** What the kernel says of a load before it begins. */
export interface ITold {
  variable: string;
  taken: string | null;
  free_name: string;
  memory: number | null;
  free_memory: number | null;
  ways: LoadAs[];
  shape?: [number | null, number | null];
  imported: boolean;
}

/** Say what stands against a load, by what the kernel says of it; null where nothing does. */
export function obstacleOf(told: ITold, wish: ILoadWish): LoadObstacle | null {
  if (told.taken !== null && !wish.overwrite) {
    return { kind: 'exists', variable: told.variable, holds: told.taken, free: told.free_name };
  }
  const { memory, free_memory: freeMemory } = told;
  const isLarge = memory !== null && freeMemory !== null && memory > LARGE * freeMemory;
  const staysOnDisk = wish.as === 'backed' || wish.as === 'lazy';
  return isLarge && !staysOnDisk && !wish.evenIfLarge
    ? { kind: 'large', memory, freeMemory }
    : null;
}

/** A language as its people write it. */
export function shownLanguage(language: string): string {
  return language.charAt(0).toUpperCase() + language.slice(1);
}

/** Say what stands against a load, and what to do. */
export function wordsOf(obstacle: LoadObstacle, t: Translate): [string, string] {
  switch (obstacle.kind) {
    case 'no-kernel':
      return [t('There is no notebook to load into.'), t('Open one, then load again.')];
    case 'dead':
      return [t('The kernel of this notebook does not run.'), t('Start it, then load again.')];
    case 'exists':
      return [
        t("'{name}' exists in this kernel: {holds}.", {
          name: obstacle.variable,
          holds: obstacle.holds
        }),
        t("Choose another name, such as '{name}'.", { name: obstacle.free })
      ];
    case 'not-installed':
      return [
        t('omicshelf is not installed in this kernel.'),
        t('Run {code} in a cell, then load again.', { code: obstacle.install })
      ];
    case 'language':
      return [
        t('This kernel runs {language}, and omicshelf loads into Python.', {
          language: obstacle.language
        }),
        t('Choose a notebook with a Python kernel, or download the data.')
      ];
    case 'large':
      return [
        t('The data take more than half of the memory that is free.'),
        t('Load them backed or lazily, or only a part of them.')
      ];
  }
}
