/** The metadata of a dataset while they are edited: typed text outlives every refresh. */

import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { type CatalogError, asCatalogError } from '../../../../api/errors';
import type { DatasetRecord, IDatasetRef, Metadata, VersionRecord } from '../../../../api/records';
import type { ITagged } from '../../../../api/client';
import { useHost } from '../../../base';
import { keys } from '../../../data';
import { versionName } from '../../reference';
import { fieldsOf, type IField, metadataOf, newField, problemOf, same } from './draft';
import { formatMetadata, type IJsonProblem, parseMetadata } from './json';
import { type IClash, mergeFields, settle } from './merge';

export type Mode = 'form' | 'json';

interface IState {
  /** The version that the draft is made from. */
  version: VersionRecord;
  base: Metadata;
  mode: Mode;
  fields: IField[];
  json: string;
  message: string;
  clashes: IClash[];
}

export interface IMetadataDraft extends IState {
  dirty: boolean;
  /** How many things are wrong: it cannot be saved before they are mended. */
  errors: number;
  jsonProblem: IJsonProblem | null;
  /** A newer version with other metadata, which somebody saved while this was edited. */
  newer: VersionRecord | null;
  saving: boolean;
  failure: CatalogError | null;
  setMode: (mode: Mode) => void;
  setField: (id: number, part: Partial<IField>) => void;
  addField: (key: string, field?: Partial<IField>) => void;
  removeField: (id: number) => void;
  setJson: (text: string) => void;
  setMessage: (text: string) => void;
  revert: () => void;
  /** Take over what others changed, and keep what was typed here. */
  merge: () => void;
  choose: (key: string, choice: 'mine' | 'theirs') => void;
  save: () => Promise<void>;
}

export function useMetadataDraft(
  dataset: IDatasetRef,
  record: DatasetRecord,
  etag: string | null
): IMetadataDraft {
  const newest = record.version;
  const [state, setState] = useState<IState>(() => stateOf(newest));
  const { dirty, errors, metadata, jsonProblem } = judged(state);
  const saver = useSaver(dataset, etag);

  // Somebody saved. Nothing was typed, or the metadata are the same: it is taken as it is.
  const isBehind = state.version.version_id !== newest.version_id;
  const differs = isBehind && !same(state.base, metadataOfVersion(newest));
  if (isBehind && !dirty) {
    setState({ ...stateOf(newest), mode: state.mode });
  } else if (isBehind && !differs) {
    setState({ ...state, version: newest });
  }

  const change = (part: Partial<IState>) => setState(before => ({ ...before, ...part }));
  return {
    ...state,
    dirty,
    errors,
    jsonProblem,
    newer: differs && dirty ? newest : null,
    saving: saver.saving,
    failure: saver.failure,
    setMode: mode => setState(before => inMode(before, mode)),
    setField: (id, part) =>
      setState(before => ({
        ...before,
        fields: before.fields.map(field => (field.id === id ? { ...field, ...part } : field))
      })),
    addField: (key, field) =>
      setState(before => ({
        ...before,
        fields: [...before.fields, { ...newField(key), ...field }]
      })),
    removeField: id =>
      setState(before => ({ ...before, fields: before.fields.filter(field => field.id !== id) })),
    setJson: json => change({ json }),
    setMessage: message => change({ message }),
    revert: () => {
      saver.forget();
      setState({ ...stateOf(newest), mode: state.mode });
    },
    merge: () => setState(before => merged(before, newest)),
    choose: (key, choice) => setState(before => chosen(before, key, choice)),
    save: async () => {
      if (!metadata || errors || differs) {
        return;
      }
      const saved = await saver.save(metadata, state);
      if (saved) {
        setState({ ...stateOf(saved.version), mode: state.mode });
      }
    }
  };
}

function metadataOfVersion(version: VersionRecord): Metadata {
  return version.metadata ?? {};
}

function stateOf(version: VersionRecord): IState {
  const base = metadataOfVersion(version);
  return {
    version,
    base,
    mode: 'form',
    fields: fieldsOf(base),
    json: formatMetadata(base),
    message: '',
    clashes: []
  };
}

interface IJudged {
  dirty: boolean;
  errors: number;
  /** What it would be saved as; null while something is wrong. */
  metadata: Metadata | null;
  jsonProblem: IJsonProblem | null;
}

function judged(state: IState): IJudged {
  const open = state.clashes.filter(clash => clash.choice === null).length;
  if (state.mode === 'json') {
    const { metadata, problem } = parseMetadata(state.json);
    const dirty = problem !== null || !same(metadata, state.base);
    return { dirty, errors: open + (problem ? 1 : 0), metadata, jsonProblem: problem };
  }
  const wrong = state.fields.filter(field => problemOf(field, state.fields) !== null).length;
  const metadata = metadataOf(state.fields);
  const named = state.fields.some(field => field.isNew && field.key.trim() !== '');
  return {
    dirty: wrong > 0 || named || !same(metadata, state.base) || state.clashes.length > 0,
    errors: open + wrong,
    metadata: wrong ? null : metadata,
    jsonProblem: null
  };
}

/** The other view of the same; it stays in this one while there is something that it would lose. */
function inMode(state: IState, mode: Mode): IState {
  const { metadata, errors } = judged(state);
  if (mode === state.mode || !metadata || errors) {
    return state;
  }
  return mode === 'json'
    ? { ...state, mode, json: formatMetadata(metadata) }
    : { ...state, mode, fields: fieldsOf(metadata) };
}

function merged(state: IState, newest: VersionRecord): IState {
  const theirs = metadataOfVersion(newest);
  let mine = state.fields;
  if (state.mode === 'json') {
    const parsed = parseMetadata(state.json);
    if (!parsed.metadata) {
      return state;
    }
    mine = fieldsOf(parsed.metadata);
  }
  const { fields, clashes } = mergeFields(mine, state.base, theirs);
  const json = state.mode === 'json' ? formatMetadata(metadataOf(fields)) : state.json;
  return { ...state, version: newest, base: theirs, fields, clashes, json };
}

function chosen(state: IState, key: string, choice: 'mine' | 'theirs'): IState {
  const clash = state.clashes.find(one => one.key === key);
  if (!clash) {
    return state;
  }
  const settled = { ...clash, choice };
  const before =
    state.mode === 'json' ? fieldsOf(parseMetadata(state.json).metadata ?? {}) : state.fields;
  const fields = settle(before, settled);
  return {
    ...state,
    fields,
    json: state.mode === 'json' ? formatMetadata(metadataOf(fields)) : state.json,
    clashes: state.clashes.map(one => (one.key === key ? settled : one))
  };
}

function useSaver(dataset: IDatasetRef, etag: string | null) {
  const host = useHost();
  const queries = useQueryClient();
  const [saving, setSaving] = useState(false);
  const [failure, setFailure] = useState<CatalogError | null>(null);

  const write = async (metadata: Metadata, state: IState): Promise<ITagged<DatasetRecord>> => {
    const body = { metadata, message: state.message.trim() || null };
    try {
      return await host.client.update(dataset, body, etag);
    } catch (reason) {
      if (!asCatalogError(reason).isConflict) {
        throw reason;
      }
      // A file or a label may have changed the tag; then nothing stands against it.
      const now = await host.client.dataset(dataset);
      if (!same(metadataOfVersion(now.record.version), state.base)) {
        queries.setQueryData(keys.record(dataset), now);
        throw reason;
      }
      return host.client.update(dataset, body, now.etag);
    }
  };
  const save = async (metadata: Metadata, state: IState): Promise<DatasetRecord | null> => {
    setSaving(true);
    setFailure(null);
    try {
      const saved = await write(metadata, state);
      queries.setQueryData(keys.record(dataset), saved);
      void queries.invalidateQueries({ queryKey: keys.versions(dataset) });
      void queries.invalidateQueries({ queryKey: keys.atlas(dataset.atlas) });
      const version = versionName(saved.record.version);
      host.notify({ kind: 'done', text: host.t('Saved as {version}', { version }) });
      return saved.record;
    } catch (reason) {
      const error = asCatalogError(reason);
      // What somebody else saved is told above the form, with what can be done.
      setFailure(error.isConflict ? null : error);
      return null;
    } finally {
      setSaving(false);
    }
  };
  return { saving, failure, save, forget: () => setFailure(null) };
}
