/** What differs between two versions, in the terms of their kind of data. */

import { useState } from 'react';
import { asCatalogError } from '../../../../api/errors';
import type { DiffAnswer, IDatasetRef, VersionRecord } from '../../../../api/records';
import {
  Age,
  Button,
  CopyButton,
  Icon,
  Note,
  Problem,
  Skeleton,
  Text,
  useHost,
  useWords,
  Waiting
} from '../../../base';
import { useDiff } from '../../../data';
import { versionName } from '../../reference';
import { changesOf, type IChanges, sectionsOf } from '../changes';
import { compareCode } from '../naming';
import { Categories } from './Categories';
import { Elements } from './Elements';
import { Facts } from './Facts';
import { IdLists } from './IdLists';
import { MetadataDiff } from './MetadataDiff';
import { ShapeTable } from './ShapeTable';
import { Single } from './Single';

interface ICompareProps {
  dataset: IDatasetRef;
  /** The older one; null where there is none before the other. */
  from: VersionRecord | null;
  to: VersionRecord;
  onClose: () => void;
}

export function Compare({ dataset, from, to, onClose }: ICompareProps) {
  const t = useWords();
  const [swapped, setSwapped] = useState(false);
  const [a, b] = swapped && from ? [to, from] : [from, to];
  const diff = useDiff(dataset, a?.version_id, a ? b.version_id : undefined);
  return (
    <aside className="omicshelf-versions-right" aria-label={t('Compare')}>
      <header className="omicshelf-compare-bar">
        <h2 className="omicshelf-compare-title">{a ? t('Compare') : versionName(b)}</h2>
        {a && (
          <>
            <Side version={a} />
            <Button icon="swap" label={t('Swap')} onClick={() => setSwapped(!swapped)} />
            <Side version={b} />
          </>
        )}
        <span className="omicshelf-compare-gap" />
        {a && diff.data && <Copies dataset={dataset} from={a} to={b} answer={diff.data} />}
        <Button icon="close" label={t('Close')} onClick={onClose} />
      </header>
      <div className="omicshelf-compare-body">
        {a && (
          <Answer
            from={a}
            to={b}
            answer={diff.data}
            error={diff.error}
            onRetry={() => void diff.refetch()}
          />
        )}
        <Single version={to} />
      </div>
    </aside>
  );
}

function Side({ version }: { version: VersionRecord }) {
  return (
    <span className="omicshelf-badge" title={version.message ?? undefined}>
      {versionName(version)} · <Age time={version.created_at} />
    </span>
  );
}

interface ICopiesProps {
  dataset: IDatasetRef;
  from: VersionRecord;
  to: VersionRecord;
  answer: DiffAnswer;
}

function Copies({ dataset, from, to, answer }: ICopiesProps) {
  const t = useWords();
  const { kernels } = useHost();
  return (
    <>
      {kernels?.insert && (
        <Button
          icon="code"
          label={t('Insert as code')}
          onClick={() => void kernels.insert?.(compareCode(dataset, from, to))}
        />
      )}
      <CopyButton text={`${answer.heading}\n${answer.summary}`} label={t('Copy summary')} />
    </>
  );
}

interface IAnswerProps {
  from: VersionRecord;
  to: VersionRecord;
  answer: DiffAnswer | undefined;
  error: unknown;
  onRetry: () => void;
}

function Answer({ from, to, answer, error, onRetry }: IAnswerProps) {
  const t = useWords();
  const [stopped, setStopped] = useState(false);
  if (answer) {
    return <Changed from={from} to={to} changes={changesOf(answer)} />;
  }
  if (error) {
    return (
      <Problem
        title={t('{a} and {b} cannot be compared', { a: versionName(from), b: versionName(to) })}
        error={asCatalogError(error)}
        onRetry={onRetry}
      />
    );
  }
  if (stopped) {
    return <Button onClick={() => setStopped(false)}>{t('Compare them')}</Button>;
  }
  return (
    <Waiting label={t('Comparing')} onCancel={() => setStopped(true)}>
      <Skeleton rows={5} height={24} lines={1} />
    </Waiting>
  );
}

interface IChangedProps {
  from: VersionRecord;
  to: VersionRecord;
  changes: IChanges;
}

function Changed({ from, to, changes }: IChangedProps) {
  const t = useWords();
  const sections = sectionsOf(changes);
  const { was, now } = changes.facts.kind ?? {};
  return (
    <>
      {changes.same && (
        <Note kind="info">{t('Nothing differs: data and metadata are the same.')}</Note>
      )}
      {was !== now && (
        <Note kind="info" title={t('They are of different kinds')}>
          {t('What is in the data cannot be compared one by one.')}
        </Note>
      )}
      <ShapeTable from={from} to={to} changes={changes} />
      {!changes.data_changed && !changes.same && (
        <p className="omicshelf-dim">{t('The data are the same.')}</p>
      )}
      <Categories from={from} to={to} changes={changes} />
      <Elements from={from} to={to} sections={sections} />
      <Facts from={from} to={to} changes={changes} />
      <IdLists changes={changes} />
      <MetadataDiff from={from} to={to} changes={changes} />
      {changes.problems.added.map(problem => (
        <div key={problem} className="omicshelf-compare-fact">
          <Icon name="warning" tone="warning" label={t('new problem')} />
          <Text text={problem} wrap />
        </div>
      ))}
      {changes.problems.removed.map(problem => (
        <div key={problem} className="omicshelf-compare-fact">
          <Icon name="check" tone="good" label={t('no longer a problem')} />
          <Text text={problem} wrap />
        </div>
      ))}
    </>
  );
}
