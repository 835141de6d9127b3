/** Adding files: what each is to be, what stands against it, and sending them. */

import { useQueries, useQuery, useQueryClient } from '@tanstack/react-query';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';

import type { DatasetRecord, FormatInfo, VersionBody } from '../../../api/records';
import { useHost } from '../../base';
import { keys } from '../../data';
import type { IHost } from '../../host';
import { type IItem, isOver, isUnderWay, itemsOf, typeOf } from './items';
import { idFault, nextFree } from './naming';
import { peek } from './peek';
import { sendAll } from './sending';

export interface IAdd {
  items: readonly IItem[];
  formats: readonly FormatInfo[];
  /** Datasets whose id one of the items has, by id. */
  taken: ReadonlyMap<string, DatasetRecord>;
  /** It is being looked whether the ids are taken. */
  checking: boolean;
  study: string;
  message: string;
  setStudy: (study: string) => void;
  setMessage: (message: string) => void;
  add: (files: readonly File[]) => void;
  change: (key: string, some: Partial<IItem>) => void;
  remove: (key: string) => void;
  typeOf: (item: IItem) => string;
  /** What stands against an item, or null. */
  hindrance: (item: IItem) => Hindrance | null;
  /** Those that can be sent now. */
  ready: readonly IItem[];
  busy: boolean;
  start: () => Promise<void>;
  stop: () => void;
}

const NO_FORMATS: readonly FormatInfo[] = [];

export type Hindrance = 'fault' | 'format' | 'id' | 'taken' | 'twice';

export function useAdd(atlas: string, files: readonly File[]): IAdd {
  const host = useHost();
  const queries = useQueryClient();
  const formats = useFormats();
  const [items, setItems] = useState<readonly IItem[]>([]);
  const [study, setStudy] = useState('');
  const [message, setMessage] = useState('');
  const change = useCallback(
    (key: string, some: Partial<IItem>) =>
      setItems(before => before.map(item => (item.key === key ? { ...item, ...some } : item))),
    []
  );
  const stopping = useRef<AbortController | null>(null);
  useEffect(() => () => stopping.current?.abort(), []);
  // They wait for the formats that are known; without those, a person says what each is.
  const known = formats.data ?? (formats.error ? NO_FORMATS : undefined);
  const [given, setGiven] = useState(files);
  const add = useCallback((more: readonly File[]) => setGiven(before => [...before, ...more]), []);
  useEffect(() => {
    if (known && given.length) {
      setGiven([]);
      setItems(before => [...before, ...itemsOf(given, known, before)]);
    }
  }, [known, given]);
  usePeeking(host, items, change);

  const usual = useUsualTypes(atlas, items);
  const { taken, checking } = useTaken(atlas, items);
  const twice = useMemo(() => idsTwice(items), [items]);
  const hindrance = (item: IItem): Hindrance | null => {
    if (item.fault) {
      return 'fault';
    }
    if (!item.format) {
      return 'format';
    }
    if (idFault(item.id)) {
      return 'id';
    }
    return taken.has(item.id) && !item.asVersion ? 'taken' : twice.has(item.id) ? 'twice' : null;
  };
  const ready = items.filter(item => !isOver(item) && !isUnderWay(item) && !hindrance(item));
  const start = async () => {
    const stop = new AbortController();
    stopping.current = stop;
    try {
      await sendAll(ready, {
        host,
        atlas,
        signal: stop.signal,
        bodyOf: item => bodyOf(item, typeOf(item, usual), taken.get(item.id), { study, message }),
        onState: (key, state) => change(key, { state })
      });
    } finally {
      stopping.current = null;
      void queries.invalidateQueries({ queryKey: keys.atlas(atlas) });
      void queries.invalidateQueries({ queryKey: keys.atlases });
    }
  };
  return {
    items,
    formats: known ?? NO_FORMATS,
    taken,
    checking,
    study,
    message,
    setStudy,
    setMessage,
    add,
    change,
    remove: key => setItems(before => before.filter(item => item.key !== key)),
    typeOf: item => typeOf(item, usual),
    hindrance,
    ready,
    busy: items.some(isUnderWay),
    start,
    stop: () => stopping.current?.abort()
  };
}

function bodyOf(
  item: IItem,
  dataType: string,
  before: DatasetRecord | undefined,
  shared: { study: string; message: string }
): VersionBody {
  const message = shared.message.trim() || null;
  const file = { name: item.file.name };
  if (item.asVersion && before) {
    return {
      dataset_id: item.id,
      mode: 'save',
      message,
      ingestion: { file },
      // Who saved meanwhile is told of, and not overtaken.
      expected_version: before.version.version_id
    };
  }
  const title = item.title.trim();
  return {
    dataset_id: item.id,
    mode: 'create',
    data_type: dataType.trim(),
    metadata: title ? { title } : {},
    study_id: shared.study.trim() || null,
    message,
    ingestion: { file }
  };
}

function useFormats() {
  const { client } = useHost();
  return useQuery({
    queryKey: ['formats'],
    queryFn: ({ signal }) => client.formats(signal),
    gcTime: Infinity
  });
}

/** Look at the first bytes of each file, once, and anew where its format is said to be another. */
function usePeeking(
  host: IHost,
  items: readonly IItem[],
  change: (key: string, some: Partial<IItem>) => void
): void {
  const seen = useRef(new Map<string, string | null>());
  useEffect(() => {
    for (const { key, file, format } of items) {
      if (seen.current.get(key) !== format || !seen.current.has(key)) {
        seen.current.set(key, format);
        void peek(host.t, file, format).then(look => change(key, look));
      }
    }
  }, [host, items, change]);
}

/** The type that most datasets of a format have in the atlas, by format. */
function useUsualTypes(atlas: string, items: readonly IItem[]): Record<string, string> {
  const { client } = useHost();
  const formats = [...new Set(items.flatMap(item => item.format ?? []))];
  return useQueries({
    queries: formats.map(format => {
      const query = {
        where: [['data_format', '=', format] as const],
        facets: ['data_type'],
        facetLimit: 1,
        limit: 0,
        count: false
      };
      return {
        queryKey: keys.find(atlas, query),
        queryFn: ({ signal }: { signal: AbortSignal }) => client.find(atlas, query, signal)
      };
    }),
    combine: found =>
      Object.fromEntries(
        formats.flatMap((format, i) => {
          const [type] = Object.keys(found[i]?.data?.facets?.data_type ?? {});
          return type ? [[format, type]] : [];
        })
      )
  });
}

const SETTLED_AFTER_MS = 200;
const AT_ONCE = 100;

/** The datasets of the atlas whose id is that of an item. */
function useTaken(atlas: string, items: readonly IItem[]) {
  const { client } = useHost();
  const wanted = items
    .filter(item => !isOver(item) && !idFault(item.id))
    .map(item => item.id)
    .sort()
    .join(' ');
  const [ids, setIds] = useState(wanted);
  useEffect(() => {
    const timer = setTimeout(() => setIds(wanted), SETTLED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [wanted]);
  const found = useQuery({
    queryKey: [...keys.atlas(atlas), 'ids', ids],
    queryFn: async ({ signal }) => {
      const all: DatasetRecord[] = [];
      const sought = [...new Set(ids.split(' '))];
      for (let at = 0; at < sought.length; at += AT_ONCE) {
        const where = [['dataset_id', 'in', sought.slice(at, at + AT_ONCE)] as const];
        const page = await client.find(atlas, { where, limit: 1000, count: false }, signal);
        all.push(...page.datasets);
      }
      return all;
    },
    enabled: ids !== ''
  });
  const taken = useMemo(
    () => new Map((found.data ?? []).map(record => [record.dataset_id, record])),
    [found.data]
  );
  return { taken, checking: wanted !== '' && (ids !== wanted || found.isPending) };
}

function idsTwice(items: readonly IItem[]): ReadonlySet<string> {
  const seen = new Set<string>();
  const twice = new Set<string>();
  for (const { id } of items) {
    if (seen.has(id)) {
      twice.add(id);
    }
    seen.add(id);
  }
  return twice;
}

/** The first id behind this one that is free in the atlas. */
export async function freeId(host: IHost, atlas: string, id: string): Promise<string> {
  const where = [['dataset_id', 'starts', `${id}_`] as const];
  const { datasets } = await host.client.find(atlas, { where, limit: 1000, count: false });
  return nextFree(id, new Set(datasets.map(record => record.dataset_id)));
}
