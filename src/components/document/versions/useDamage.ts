/**
 * Which versions are damaged, as far as anybody has looked.
 *
 * The catalog refuses to give bytes that are not those that were written; whoever asked for them
 * was told so. That is remembered beside the version, and so is what a check found.
 */

import { type Query, type QueryClient, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { asCatalogError, CatalogError } from '../../../api/errors';
import type { IDatasetRef, VerifyReport, VersionRecord } from '../../../api/records';
import { useHost } from '../../base';

/** What was found of a version: since when it is known, and what was said. */
export interface IDamage {
  found: number;
  title: string;
  detail: string | null;
}

export interface IDamages {
  /** By the version's id. */
  readonly of: ReadonlyMap<string, IDamage>;
  /** Read all bytes of the dataset again, and compare them with their hashes. */
  check: () => Promise<void>;
  checking: boolean;
  stop: () => void;
  /** A request about a version failed: remember it where its bytes are the reason. */
  noted: (version: VersionRecord, reason: unknown) => void;
}

const reportKey = (ref: IDatasetRef) => ['damage', ref.atlas, ref.id] as const;

export function useDamages(ref: IDatasetRef, versions: readonly VersionRecord[]): IDamages {
  const host = useHost();
  const queries = useQueryClient();
  const running = useRef<AbortController | null>(null);
  const [checking, setChecking] = useState(false);
  const seen = useCacheTick(queries);
  useEffect(() => () => running.current?.abort(), []);

  const of = useMemo(
    () => damages(queries, ref, versions),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `seen` says that the cache is another
    [queries, ref.atlas, ref.id, versions, seen]
  );

  const check = useCallback(async () => {
    const controller = new AbortController();
    running.current = controller;
    setChecking(true);
    try {
      const report = await host.client.verify(ref.atlas, ref.id, controller.signal);
      const found = reported(report, ref, versions);
      queries.setQueryData(reportKey(ref), found);
      forgetReadings(queries, versions, found);
      tell(host, ref, report, found.size);
    } catch (reason) {
      if (!controller.signal.aborted) {
        const { title, detail } = asCatalogError(reason);
        host.notify({
          kind: 'error',
          text: host.t('{id} was not checked: {why}', { id: ref.id, why: title }),
          detail
        });
      }
    } finally {
      setChecking(false);
    }
  }, [host, queries, ref, versions]);

  const noted = useCallback(
    (version: VersionRecord, reason: unknown) => {
      if (isDamage(reason)) {
        const before = queries.getQueryData<Map<string, IDamage>>(reportKey(ref));
        const now = new Map(before).set(version.version_id, damageOf(reason, Date.now()));
        queries.setQueryData(reportKey(ref), now);
      }
    },
    [queries, ref]
  );

  return { of, check, checking, stop: () => running.current?.abort(), noted };
}

function isDamage(reason: unknown): reason is CatalogError {
  return reason instanceof CatalogError && reason.kind === 'IntegrityError';
}

function damageOf(error: CatalogError, found: number): IDamage {
  return { found, title: error.title, detail: error.detail };
}

/** All that is known: what a check found, and what was refused while somebody looked. */
function damages(
  queries: QueryClient,
  ref: IDatasetRef,
  versions: readonly VersionRecord[]
): Map<string, IDamage> {
  const known = new Map(queries.getQueryData<Map<string, IDamage>>(reportKey(ref)));
  for (const query of queries.getQueryCache().findAll({ queryKey: ['version'] })) {
    const id: unknown = query.queryKey[1];
    const { error, errorUpdatedAt } = query.state;
    const mine = versions.some(version => version.version_id === id);
    // A comparison is of two versions: it does not tell which of them is damaged.
    if (mine && typeof id === 'string' && query.queryKey[2] !== 'diff' && isDamage(error)) {
      known.set(id, known.get(id) ?? damageOf(error, errorUpdatedAt));
    }
  }
  return known;
}

/** The versions that the lines of a check name: "… It is the data of atlas/id v2, atlas/id v3." */
export function reported(
  report: VerifyReport,
  ref: IDatasetRef,
  versions: readonly VersionRecord[]
): Map<string, IDamage> {
  const found = new Map<string, IDamage>();
  for (const problem of report.problems) {
    for (const version of versions) {
      const name = `${ref.atlas}/${ref.id} v${version.seq}`;
      if (problem.includes(`${name},`) || problem.includes(`${name}.`)) {
        found.set(version.version_id, { found: Date.now(), title: problem, detail: null });
      }
    }
  }
  return found;
}

/** What failed to be read is read again where the check found it whole. */
function forgetReadings(
  queries: QueryClient,
  versions: readonly VersionRecord[],
  damaged: ReadonlyMap<string, IDamage>
): void {
  for (const { version_id } of versions) {
    if (!damaged.has(version_id)) {
      const failed = (query: Query) => query.state.status === 'error';
      void queries.resetQueries({ queryKey: ['version', version_id], predicate: failed });
    }
  }
}

function tell(
  host: ReturnType<typeof useHost>,
  ref: IDatasetRef,
  report: VerifyReport,
  damaged: number
): void {
  const { t } = host;
  const others = report.problems.length > 0 && damaged === 0;
  host.notify({
    kind: report.problems.length ? 'error' : 'done',
    text: report.problems.length
      ? others
        ? t('Something of {id} is damaged', { id: ref.id })
        : t.plural('{n} version is damaged', '{n} versions are damaged', damaged)
      : t('All bytes of {id} are what was written', { id: ref.id }),
    detail: others ? report.problems.slice(0, 3).join('\n') : null
  });
}

/** A number that is another one whenever a reading failed, or was made good. */
function useCacheTick(queries: QueryClient): number {
  const [tick, setTick] = useState(0);
  useEffect(
    () =>
      queries.getQueryCache().subscribe(event => {
        const first: unknown = (event.query.queryKey as readonly unknown[])[0];
        const failed = event.type === 'updated' && event.action.type === 'error';
        const fresh = event.type === 'updated' && event.action.type === 'success';
        if ((first === 'version' && failed) || (first === 'damage' && fresh)) {
          setTick(n => n + 1);
        }
      }),
    [queries]
  );
  return tick;
}
