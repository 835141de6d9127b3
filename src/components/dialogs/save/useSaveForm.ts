/** What is saved, where to, and what the kernel and the catalog say of it. */

import { useQuery } from '@tanstack/react-query';
import { useEffect, useMemo, useState } from 'react';
import { type CatalogError, asCatalogError, isAborted } from '../../../api/errors';
import type { DatasetRecord, IDatasetRef } from '../../../api/records';
import { useHost } from '../../base';
import { keys } from '../../data';
import {
  type IKernels,
  type ISaved,
  type ISaveWish,
  type IVariable,
  SaveConflict
} from '../../host';
import { findVersion } from '../../document/reference';
import { idFault, proposeId, usualType } from '../add/naming';

/** What a person has typed; it is kept while the dialog is closed to look at something. */
export interface ISaveDraft {
  variable: string | null;
  /** Where nothing was chosen, what fits the variable. */
  where: 'here' | 'new' | null;
  title: string;
  id: string | null;
  dataType: string | null;
  study: string | null;
  message: string;
}

export const EMPTY_DRAFT: ISaveDraft = {
  variable: null,
  where: null,
  title: '',
  id: null,
  dataType: null,
  study: null,
  message: ''
};

export interface ISaveForm {
  variables: readonly IVariable[] | null;
  variable: IVariable | null;
  error: CatalogError | null;
  /** Read the variables again. */
  again: () => void;
  draft: ISaveDraft & { where: 'here' | 'new' };
  change: (part: Partial<ISaveDraft>) => void;
  /** The variable is of the kind that the dataset has been. */
  fits: boolean;
  id: string;
  dataType: string;
  study: string;
  idState: IdState;
  changes: IChangesToCome;
  ready: boolean;
  busy: boolean;
  failure: CatalogError | null;
  conflict: SaveConflict | null;
  /** Save it; as the next version of `expected` where that is another than was seen. */
  save: (expected?: string) => void;
  dismiss: () => void;
}

export type IdState = 'empty' | 'invalid' | 'checking' | 'free' | 'taken' | 'unknown';

export interface ISaveFormProps {
  atlas: string;
  /** The dataset whose next version it may be. */
  record?: DatasetRecord;
  draft: ISaveDraft;
  onDraft: (draft: ISaveDraft) => void;
  onSaved: (saved: ISaved, ref: IDatasetRef) => void;
}

export function useSaveForm(props: ISaveFormProps, kernels: IKernels): ISaveForm {
  const { atlas, record, draft, onDraft } = props;
  const { variables, error, again } = useVariables(kernels);
  const variable = chosen(variables, draft.variable, record);
  const fits = !record || !variable || hasKind(record, variable);
  const where = record ? (draft.where ?? (fits ? 'here' : 'new')) : 'new';
  const id = draft.id ?? (draft.title ? proposeId(draft.title) : proposal(variable, record));
  const ofRecord = fits ? record?.version.data_type : undefined;
  const dataType = draft.dataType ?? ofRecord ?? usualType(formatOf(variable));
  const study = draft.study ?? record?.study_id ?? '';
  const idState = useIdState(atlas, where === 'new' ? id : null);
  const expected = useExpected(variable, record);
  const changes = useChanges(kernels, where === 'here' ? record : undefined, variable);
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState<CatalogError | null>(null);
  const [conflict, setConflict] = useState<SaveConflict | null>(null);

  const target = where === 'here' && record ? record.dataset_id : id;
  const ready =
    variable !== null &&
    !busy &&
    (where === 'here' || ((idState === 'free' || idState === 'unknown') && dataType.trim() !== ''));
  const save = async (onTopOf?: string) => {
    if (!variable || !ready) {
      return;
    }
    setBusy(true);
    setFailure(null);
    try {
      const saved = await kernels.save({
        variable: variable.name,
        atlas,
        id: target,
        message: draft.message.trim(),
        ...(where === 'new'
          ? { create: created(dataType, draft.title, study) }
          : { expectedVersion: onTopOf ?? expected })
      });
      props.onSaved(saved, { atlas, id: target });
    } catch (reason) {
      if (reason instanceof SaveConflict) {
        setConflict(reason);
      } else {
        setFailure(isAborted(reason) ? null : asCatalogError(reason));
      }
      setBusy(false);
    }
  };
  return {
    variables,
    variable,
    error,
    again,
    draft: { ...draft, where },
    change: part => {
      setFailure(null);
      onDraft({ ...draft, ...part });
    },
    fits,
    id,
    dataType,
    study,
    idState,
    changes,
    ready,
    busy,
    failure,
    conflict,
    save: onTopOf => void save(onTopOf),
    dismiss: () => setConflict(null)
  };
}

function useVariables(kernels: IKernels) {
  const [variables, setVariables] = useState<readonly IVariable[] | null>(null);
  const [error, setError] = useState<CatalogError | null>(null);
  const [turn, setTurn] = useState(0);
  const kernel = kernels.current?.id;
  useEffect(() => {
    let current = true;
    setError(null);
    kernels.variables().then(
      found => current && setVariables(found),
      (reason: unknown) => current && setError(asCatalogError(reason))
    );
    return () => {
      current = false;
    };
  }, [kernels, kernel, turn]);
  return { variables, error, again: () => setTurn(turn + 1) };
}

function created(dataType: string, title: string, study: string): ISaveWish['create'] {
  return {
    dataType: dataType.trim(),
    ...(title.trim() ? { title: title.trim() } : {}),
    ...(study.trim() ? { study: study.trim() } : {})
  };
}

const FORMATS: Record<string, RegExp> = {
  AnnData: /^(h5ad|zarr|loom|10x_h5|10x_mtx)$/,
  MuData: /^h5mu$/,
  DataFrame: /^(csv|tsv|txt|maf|seg|xlsx|parquet)$/
};

/** Whether a variable holds what the dataset has held; of kinds that nobody knows, it does. */
function hasKind(record: DatasetRecord, variable: IVariable): boolean {
  const format = (record.version.data_format ?? '').split('+')[0];
  return FORMATS[variable.type]?.test(format) ?? true;
}

/** The usual format of what a variable holds. */
function formatOf(variable: IVariable | null): string | null {
  const usual: Record<string, string> = { AnnData: 'h5ad', MuData: 'h5mu', DataFrame: 'csv' };
  return usual[variable?.type ?? ''] ?? null;
}

/** The variable that was chosen, else the one that was loaded from this dataset, else the first. */
function chosen(
  variables: readonly IVariable[] | null,
  name: string | null,
  record: DatasetRecord | undefined
): IVariable | null {
  const all = variables ?? [];
  return (
    all.find(variable => variable.name === name) ??
    all.find(variable => record && isOf(variable, record)) ??
    all[0] ??
    null
  );
}

export function isOf(variable: IVariable, record: DatasetRecord): boolean {
  const { loadedFrom } = variable;
  return loadedFrom?.atlas === record.atlas && loadedFrom.id === record.dataset_id;
}

function proposal(variable: IVariable | null, record: DatasetRecord | undefined): string {
  if (!variable) {
    return '';
  }
  const plain = ['adata', 'mdata', 'df'].includes(variable.name);
  return proposeId(plain && record ? `${record.dataset_id}_new` : variable.name);
}

/**
 * The version that a save is based on. Where the variable was loaded from an older one, that it
 * is: else what somebody saved meanwhile would be replaced without a word.
 */
function useExpected(
  variable: IVariable | null,
  record: DatasetRecord | undefined
): string | undefined {
  const { client } = useHost();
  const ref = { atlas: record?.atlas ?? '', id: record?.dataset_id ?? '' };
  const { data } = useQuery({
    queryKey: keys.versions(ref),
    queryFn: ({ signal }) => client.versions(ref, signal),
    enabled: record !== undefined
  });
  return useMemo(() => {
    if (!record) {
      return undefined;
    }
    const from = variable && isOf(variable, record) ? variable.loadedFrom?.version : undefined;
    const based = from === undefined ? undefined : findVersion(data ?? [], from);
    return based?.version_id ?? record.version.version_id;
  }, [record, variable, data]);
}

/** Whether an id is free; asked while it is typed. */
function useIdState(atlas: string, id: string | null): IdState {
  const { client } = useHost();
  const settled = useSettled(id, 250);
  const valid = id !== null && idFault(id) === null;
  const { data, isError } = useQuery({
    queryKey: ['dataset', atlas, settled, 'is-taken'],
    queryFn: async ({ signal }) => {
      const where = [['dataset_id', '=', settled!] as const];
      const page = await client.find(atlas, { where, limit: 1, count: false }, signal);
      return page.datasets.length ? ('taken' as const) : ('free' as const);
    },
    enabled: valid && settled === id
  });
  if (!id) {
    return 'empty';
  }
  if (!valid) {
    return 'invalid';
  }
  // Where it cannot be found out, the save itself says.
  return (settled === id ? data : undefined) ?? (isError ? 'unknown' : 'checking');
}

function useSettled<T>(value: T, after: number): T {
  const [settled, setSettled] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => setSettled(value), after);
    return () => clearTimeout(timer);
  }, [value, after]);
  return settled;
}

/** What a save would change. */
export interface IChangesToCome {
  /** In words; null while nobody has found out. */
  lines: readonly string[] | null;
  /** Find out: where the data are large, only when somebody wants to know. */
  find: (() => void) | null;
}

// The kernel reads all of them to compare them, and runs nothing else meanwhile.
const COMPARED_UNASKED = 300_000_000;

/** What a save would change, as the kernel says. */
function useChanges(
  kernels: IKernels,
  record: DatasetRecord | undefined,
  variable: IVariable | null
): IChangesToCome {
  const [lines, setLines] = useState<readonly string[] | null>(null);
  const name = variable?.name;
  const atlas = record?.atlas;
  const id = record?.dataset_id;
  const isLarge = (variable?.size ?? 0) > COMPARED_UNASKED;
  const [wanted, setWanted] = useState<string>();
  const goes = !isLarge || wanted === name;
  useEffect(() => {
    setLines(null);
    if (name === undefined || atlas === undefined || id === undefined || !goes) {
      return undefined;
    }
    let current = true;
    kernels.save({ variable: name, atlas, id, message: '', dryRun: true }).then(
      saved => current && setLines(saved.changes),
      // What would change is a help; the save itself says what is wrong.
      () => current && setLines([])
    );
    return () => {
      current = false;
    };
  }, [kernels, name, atlas, id, goes]);
  return { lines, find: goes ? null : () => setWanted(name) };
}
