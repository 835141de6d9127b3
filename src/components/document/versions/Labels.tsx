/** The labels of a version: words that people give it, such as `submitted`. */

import { useQueryClient } from '@tanstack/react-query';
import { useMemo, useState } from 'react';
import { asCatalogError, type CatalogError } from '../../../api/errors';
import type { IDatasetRef, VersionRecord } from '../../../api/records';
import { Button, Combobox, Field, Note, Popover, Token, useHost, useWords } from '../../base';
import { keys, useLabels } from '../../data';
import { versionName } from '../reference';

interface ILabelsProps {
  dataset: IDatasetRef;
  version: VersionRecord;
}

/** A button that opens them. */
export function LabelsButton({ dataset, version }: ILabelsProps) {
  const t = useWords();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  return (
    <>
      <Button
        icon="tag"
        label={t('Labels of {name}', { name: versionName(version) })}
        popup="dialog"
        expanded={anchor !== null}
        onClick={event => setAnchor(event.currentTarget)}
      />
      {anchor && (
        <Popover
          anchor={anchor}
          label={t('Labels of {name}', { name: versionName(version) })}
          className="omicshelf-labels"
          onClose={() => setAnchor(null)}
        >
          <LabelForm dataset={dataset} version={version} onDone={() => setAnchor(null)} />
        </Popover>
      )}
    </>
  );
}

function LabelForm({ dataset, version, onDone }: ILabelsProps & { onDone: () => void }) {
  const t = useWords();
  const labels = useLabels(dataset).data;
  const { change, busy, error } = useLabelChange(dataset);
  const [name, setName] = useState('');
  const elsewhere = useMemo(
    () => (labels ?? []).filter(label => label.version_id !== version.version_id),
    [labels, version.version_id]
  );
  const moved = elsewhere.find(label => label.name === name.trim());
  const add = async () => {
    if (name.trim() && (await change({ set: name.trim(), to: version.version_id }))) {
      onDone();
    }
  };
  return (
    <form
      className="omicshelf-labels-form"
      onSubmit={event => {
        event.preventDefault();
        void add();
      }}
    >
      {version.labels.length > 0 && (
        <div className="omicshelf-labels-now">
          {version.labels.map(label => (
            <Token key={label} text={label} onRemove={() => void change({ remove: label })} />
          ))}
        </div>
      )}
      <Field
        label={t('New label')}
        stacked
        hint={
          moved
            ? t('It moves here from v{seq}.', { seq: moved.seq })
            : t('A word such as submitted: the version can be loaded by it.')
        }
      >
        <Combobox
          value={name}
          options={elsewhere.map(label => ({ value: label.name, label: label.name }))}
          onChange={setName}
        />
      </Field>
      {error && (
        <Note kind="error" title={error.title}>
          {error.detail}
        </Note>
      )}
      <div className="omicshelf-labels-actions">
        <Button look="bordered" type="submit" busy={busy} disabled={!name.trim()}>
          {moved ? t('Move the label') : t('Add the label')}
        </Button>
      </div>
    </form>
  );
}

type LabelChange = { set: string; to: string } | { remove: string };

function useLabelChange(dataset: IDatasetRef) {
  const host = useHost();
  const queries = useQueryClient();
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CatalogError | null>(null);
  const change = async (wanted: LabelChange): Promise<boolean> => {
    setBusy(true);
    setError(null);
    try {
      if ('set' in wanted) {
        await host.client.setLabel(dataset, wanted.set, wanted.to);
      } else {
        await host.client.removeLabel(dataset, wanted.remove);
        tellRemoved(host, queries, dataset, wanted.remove);
      }
      await queries.invalidateQueries({ queryKey: keys.dataset(dataset) });
      return true;
    } catch (reason) {
      setError(asCatalogError(reason));
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { change, busy, error };
}

function tellRemoved(
  host: ReturnType<typeof useHost>,
  queries: ReturnType<typeof useQueryClient>,
  dataset: IDatasetRef,
  name: string
): void {
  const was = queries
    .getQueryData<VersionRecord[]>(keys.versions(dataset))
    ?.find(version => version.labels.includes(name));
  host.notify({
    kind: 'done',
    text: host.t('The label {name} was removed', { name }),
    undo: was && (async () => void (await host.client.setLabel(dataset, name, was.version_id)))
  });
}
