/** What a load will be as far as no kernel is asked: its code, and what is known without one. */

import type { IDatasetRef, VersionRecord } from '../../api/records';
import type { ILoadPlan, ILoadWish, ISettings } from '../../components/host';
import { type ILoadCode, loadCode, rLoadCode } from './code';
import { proposedNames } from './names';
import { shownLanguage } from './obstacles';

/** The code of a load into a variable. */
export function codeOf(
  ref: IDatasetRef,
  record: VersionRecord,
  wish: ILoadWish,
  settings: ISettings,
  variable: string
): ILoadCode {
  // Where the newest is meant and not a certain one, a setting says whether it is named.
  const isNewest = ref.version === undefined;
  return {
    atlas: ref.atlas,
    id: ref.id,
    version: settings.pinVersion || !isNewest ? `v${record.seq}` : null,
    variable,
    as: wish.as ?? 'memory',
    part: wish.part
  };
}

export function planWithout(
  ref: IDatasetRef,
  record: VersionRecord,
  wish: ILoadWish,
  settings: ISettings
): ILoadPlan {
  const variable = wish.variable ?? proposedNames(record, settings.variableNaming)[0];
  return {
    variable,
    code: loadCode(codeOf(ref, record, wish, settings, variable), false),
    memory: null,
    freeMemory: null,
    ways: ['memory'],
    obstacle: wish.target === 'new' ? null : { kind: 'no-kernel' }
  };
}

/** The plan for a kernel of another language: R has lines of its own. */
export function planInR(
  ref: IDatasetRef,
  record: VersionRecord,
  wish: ILoadWish,
  settings: ISettings,
  language: string
): ILoadPlan {
  const plan = planWithout(ref, record, wish, settings);
  const line = codeOf(ref, record, wish, settings, plan.variable);
  const code = language === 'r' ? rLoadCode(line, record.data_format) : null;
  return {
    ...plan,
    code: code ?? plan.code,
    obstacle: { kind: 'language', language: shownLanguage(language), code }
  };
}

/** How it is read; a kernel with an older omicshelf knows of no parts, and is told of none. */
export function wayOf(wish: ILoadWish): Record<string, unknown> {
  return { way: wish.as ?? 'memory', ...(wish.as === 'part' ? { part: wish.part ?? {} } : {}) };
}

export function named(ref: IDatasetRef, record: VersionRecord): Record<string, string> {
  return { atlas: ref.atlas, dataset_id: ref.id, version_id: record.version_id };
}
