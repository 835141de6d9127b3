/** The lineage of the version that the header shows. */

import { Suspense, useEffect, useMemo, useState } from 'react';
import { asCatalogError } from '../../../api/errors';
import {
  EmptyState,
  Problem,
  Segmented,
  Select,
  Skeleton,
  useHost,
  useWords,
  Waiting,
  lazily
} from '../../base';
import { useLineage } from '../../data';
import { versionName } from '../reference';
import type { IRoomProps } from '../Room';
import { Details } from './Details';
import { graphOf, type IGraph } from './graph';
import { openerOf } from './opening';
import { Steps } from './Steps';

// The layout comes with it: who never looks at a lineage never fetches it.
const Drawing = lazily(async () => (await import('./Drawing')).Drawing);

const DEPTHS = ['1', '2', '3', '20'] as const;
type Depth = (typeof DEPTHS)[number];
type Look = 'graph' | 'table';
const REMEMBERED = 'lineage-look';

export function Lineage({ dataset, version }: IRoomProps) {
  const t = useWords();
  const host = useHost();
  const [depth, setDepth] = useState<Depth>('20');
  const [look, setLook] = useState<Look>(host.memory.get<Look>(REMEMBERED) ?? 'graph');
  const ref = { ...dataset, version: version.version_id };
  const { data, error, refetch } = useLineage(ref, Number(depth));
  const graph = useMemo(() => (data ? graphOf(data) : null), [data]);
  return (
    <div className="omicshelf-lineage">
      <div className="omicshelf-lineage-bar">
        <Segmented<Look>
          label={t('Shown as')}
          value={look}
          segments={[
            { value: 'graph', label: t('Graph') },
            { value: 'table', label: t('Table') }
          ]}
          onChange={chosen => {
            setLook(chosen);
            host.memory.set(REMEMBERED, chosen);
          }}
        />
        <span className="omicshelf-dim">{t('Around {name}', { name: versionName(version) })}</span>
        <Select<Depth>
          size="small"
          label={t('Steps')}
          value={depth}
          options={DEPTHS.map(value => ({
            value,
            label:
              value === '20' ? t('All steps') : t.plural('{n} step', '{n} steps', Number(value))
          }))}
          onChange={setDepth}
        />
        {graph && graph.folded > 0 && (
          <span className="omicshelf-dim">
            {t.plural(
              '{n} version beyond is folded',
              '{n} versions beyond are folded',
              graph.folded
            )}
          </span>
        )}
      </div>
      {graph ? (
        <Shown graph={graph} own={dataset.id} look={look} />
      ) : error ? (
        <Problem
          title={t('The lineage cannot be read')}
          error={asCatalogError(error)}
          onRetry={() => void refetch()}
        />
      ) : (
        <Waiting label={t('Following the lineage')}>
          <Skeleton rows={4} height={48} />
        </Waiting>
      )}
    </div>
  );
}

function Shown({ graph, own, look }: { graph: IGraph; own: string; look: Look }) {
  const t = useWords();
  const host = useHost();
  const [chosen, setChosen] = useState(graph.root);
  useEffect(() => setChosen(graph.root), [graph.root]);
  const node = graph.nodes.find(one => one.id === chosen) ?? graph.nodes[0];
  if (graph.edges.length === 0) {
    return (
      <EmptyState title={t('Nothing is recorded before or after it')}>
        {t('What is loaded in a notebook and saved from there is linked by itself.')}
      </EmptyState>
    );
  }
  return (
    <div className="omicshelf-lineage-sides">
      {look === 'graph' ? (
        <Suspense fallback={<Waiting label={t('Loading')} />}>
          <Drawing
            graph={graph}
            own={own}
            chosen={node.id}
            onChoose={setChosen}
            onOpen={host.open && (one => openerOf(host, one)?.())}
          />
        </Suspense>
      ) : (
        <Steps graph={graph} chosen={node.id} onChoose={setChosen} />
      )}
      <Details graph={graph} node={node} onChoose={setChosen} />
    </div>
  );
}
