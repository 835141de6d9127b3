/** What Load does: a name, a version, and the line of code that is the same. */

import { useQuery } from '@tanstack/react-query';
import { useEffect, useState } from 'react';

import { asCatalogError } from '../../api/errors';
import type { DatasetRecord, VersionRecord } from '../../api/records';
import {
  Button,
  CodeLine,
  Select,
  Text,
  TextField,
  useHost,
  useWords
} from '../../components/base';
import { useVersions } from '../../components/data';
import { useLoad } from '../../components/dialogs/load';
import { isVariableName } from '../../components/dialogs/load/plan';
import { findVersion, versionName } from '../../components/document/reference';
import { useTrait, type WidgetModel } from '../traits';

interface ILoadBarProps {
  model: WidgetModel;
  /** What is chosen; several are loaded one after the other. */
  records: readonly DatasetRecord[];
  offline: boolean;
}

export function LoadBar({ model, records, offline }: ILoadBarProps) {
  const t = useWords();
  const [record] = records;
  if (offline) {
    return null;
  }
  return (
    <div className="omicshelf-loadbar">
      {!record ? (
        <span className="omicshelf-dim">
          {t('Choose a dataset to load it into this notebook.')}
        </span>
      ) : records.length > 1 ? (
        <Several records={records} />
      ) : (
        <One key={`${record.atlas}/${record.dataset_id}`} model={model} record={record} />
      )}
    </div>
  );
}

function Several({ records }: { records: readonly DatasetRecord[] }) {
  const t = useWords();
  const load = useLoad();
  const all = async () => {
    for (const { atlas, dataset_id, version } of records) {
      await load?.load({ atlas, id: dataset_id }, version);
    }
  };
  return (
    <>
      <span className="omicshelf-number">{t('{n} selected', { n: records.length })}</span>
      <Button look="primary" busy={Boolean(load?.loading)} onClick={() => void all()}>
        {t('Load all')}
      </Button>
      {load?.dialog}
    </>
  );
}

function One({ model, record }: { model: WidgetModel; record: DatasetRecord }) {
  const t = useWords();
  const ref = { atlas: record.atlas, id: record.dataset_id };
  const load = useLoad();
  const [wanted, setWanted] = useTrait(model, 'version');
  const versions = useVersions(ref).data ?? [record.version];
  const version = (wanted !== null && findVersion(versions, wanted)) || record.version;
  const [typed, setTyped] = useState<string | null>(null);
  const plan = usePlan(record, version, typed);
  const name = typed ?? plan.data?.variable ?? '';
  const isGood = isVariableName(name);
  const submit = () => isGood && void load?.load(ref, version, { variable: name });
  return (
    <>
      <span aria-hidden="true">{t('Load as')}</span>
      <TextField
        code
        size="small"
        className="omicshelf-loadbar-name"
        label={t('The variable that it is loaded into')}
        value={name}
        onChange={setTyped}
        onEnter={submit}
      />
      <Select
        size="small"
        label={t('Version')}
        className="omicshelf-loadbar-version"
        value={version.version_id}
        options={versions.map(one => ({
          value: one.version_id,
          label: versionName(one),
          hint: one.version_id === record.version.version_id ? t('latest') : one.labels.join(', ')
        }))}
        onChange={chosen => {
          const one = versions.find(other => other.version_id === chosen);
          const isNewest = chosen === record.version.version_id;
          setWanted(!one || isNewest ? null : versionName(one));
        }}
      />
      <Button
        look="primary"
        disabled={!isGood}
        busy={load?.loading === `${ref.atlas}/${ref.id}`}
        onClick={submit}
      >
        {t('Load')}
      </Button>
      <span className="omicshelf-loadbar-code">
        {!isGood && typed ? (
          <span role="alert" className="omicshelf-loadbar-problem">
            {t('A name has letters, digits and _, and begins with no digit.')}
          </span>
        ) : plan.data ? (
          <CodeLine code={plan.data.code} label={t('The code that Load runs')} />
        ) : (
          plan.error && <Text text={asCatalogError(plan.error).title} />
        )}
      </span>
      {load?.dialog}
    </>
  );
}

const SETTLED_AFTER_MS = 150;

/** The name that is free and the line of code, asked when a name is typed to its end. */
function usePlan(record: DatasetRecord, version: VersionRecord, typed: string | null) {
  const { kernels } = useHost();
  const [variable, setVariable] = useState(typed);
  useEffect(() => {
    const timer = setTimeout(() => setVariable(typed), SETTLED_AFTER_MS);
    return () => clearTimeout(timer);
  }, [typed]);
  const isGood = variable === null || isVariableName(variable);
  return useQuery({
    queryKey: ['load plan', version.version_id, variable],
    queryFn: () => {
      const ref = { atlas: record.atlas, id: record.dataset_id };
      return kernels!.plan(ref, version, variable === null ? {} : { variable });
    },
    // The kernel's variables come and go: a row that is chosen anew is asked anew.
    gcTime: 0,
    placeholderData: before => before,
    enabled: kernels !== undefined && isGood
  });
}
