/** One step: who made it, when, in which cell, with which packages. */

import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { asCatalogError } from '../../../api/errors';
import type { Origin, VersionRecord } from '../../../api/records';
import {
  addedBytes,
  Button,
  CopyButton,
  Icon,
  LinkButton,
  Problem,
  Text,
  useHost,
  useWords,
  utc,
  Waiting
} from '../../base';
import { type GraphNode, type IGraph, neighbours } from './graph';
import { openerOf } from './opening';
import { nameOf } from './words';

interface IDetailsProps {
  graph: IGraph;
  node: GraphNode;
  onChoose: (id: string) => void;
}

export function Details({ graph, node, onChoose }: IDetailsProps) {
  const t = useWords();
  const host = useHost();
  const of = node.kind === 'version' ? node.version : node.made;
  const { data, error, refetch } = useVersion(of.missing ? null : of);
  const name = nameOf(t, node);
  const open = openerOf(host, node);
  return (
    <aside className="omicshelf-lineage-details" aria-label={name}>
      <header className="omicshelf-compare-bar">
        <Icon name={node.kind === 'notebook' ? 'notebook' : 'cells'} />
        <Text as="h2" className="omicshelf-compare-title omicshelf-lineage-title" text={name} />
        <span className="omicshelf-compare-gap" />
        {open && <Button onClick={open}>{t('Open')}</Button>}
      </header>
      <div className="omicshelf-compare-body">
        {of.missing && (
          <p>{t('It was purged, or is of another catalog: nothing else is known.')}</p>
        )}
        {error && <Problem error={asCatalogError(error)} onRetry={() => void refetch()} />}
        {!of.missing && !error && !data && <Waiting label={t('Reading the version')} />}
        {data && <Facts record={data} graph={graph} node={node} onChoose={onChoose} />}
      </div>
    </aside>
  );
}

function useVersion(
  node: { atlas: string | null; dataset_id: string | null; version_id: string } | null
) {
  const { client } = useHost();
  return useQuery({
    queryKey: ['version', node?.version_id ?? '', 'record'],
    queryFn: ({ signal }) =>
      client.version(
        { atlas: node?.atlas ?? '', id: node?.dataset_id ?? '' },
        node?.version_id ?? '',
        signal
      ),
    enabled: node !== null
  });
}

const SHOWN_PACKAGES = 30;

interface IFactsProps extends IDetailsProps {
  record: VersionRecord;
}

function Facts({ record, graph, node, onChoose }: IFactsProps) {
  const t = useWords();
  const origin: Partial<Origin> = record.origin ?? {};
  const packages = Object.entries(origin.packages ?? {});
  const linked = (ids: readonly string[]) => <Linked ids={ids} graph={graph} onChoose={onChoose} />;
  const before = neighbours(graph, node.id, 'before');
  const after = neighbours(graph, node.id, 'after');
  const said = (text: string | null | undefined) => text && <Text text={text} wrap />;
  const facts: readonly (readonly [string, ReactNode])[] = [
    [t('Message'), said(record.message)],
    [node.kind === 'notebook' ? t('Run') : t('Written'), utc(record.created_at)],
    [t('By'), said(record.author)],
    [t('Notebook'), said(origin.notebook)],
    [t('Cell'), said(origin.execution_count?.toString())],
    [t('Made from'), before.length > 0 && linked(before)],
    [t('Made into'), after.length > 0 && linked(after)],
    [t('Added'), addedBytes(record.added_bytes ?? 0)],
    [t('Kernel'), origin.python && `Python ${origin.python}`],
    [t('Computer'), said(origin.host)]
  ];
  return (
    <>
      <dl className="omicshelf-facts-list">
        {facts.map(
          ([name, value]) =>
            value && (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{value}</dd>
              </div>
            )
        )}
      </dl>
      {packages.length > 0 && (
        <section>
          <div className="omicshelf-lineage-packages-title">
            <h3>{t('Packages')}</h3>
            <CopyButton
              text={packages.map(([name, version]) => `${name}==${version}`).join('\n')}
              label={t('Copy as requirements')}
            />
          </div>
          <dl className="omicshelf-lineage-packages">
            {packages.slice(0, SHOWN_PACKAGES).map(([name, version]) => (
              <div key={name}>
                <dt>
                  <Text text={name} />
                </dt>
                <dd>
                  <Text text={version} />
                </dd>
              </div>
            ))}
          </dl>
          {packages.length > SHOWN_PACKAGES && (
            <p className="omicshelf-dim">
              {t('{n} more: copy them to see all', { n: packages.length - SHOWN_PACKAGES })}
            </p>
          )}
        </section>
      )}
    </>
  );
}

interface ILinkedProps {
  ids: readonly string[];
  graph: IGraph;
  onChoose: (id: string) => void;
}

function Linked({ ids, graph, onChoose }: ILinkedProps) {
  const t = useWords();
  return (
    <ul>
      {graph.nodes
        .filter(node => ids.includes(node.id))
        .map(node => (
          <li key={node.id}>
            <LinkButton onClick={() => onChoose(node.id)}>
              <Text text={nameOf(t, node)} />
            </LinkButton>
          </li>
        ))}
    </ul>
  );
}
