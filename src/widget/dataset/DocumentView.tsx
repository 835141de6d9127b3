/** A dataset as its document shows it. */

import { DatasetDocument } from '../../components/document';
import type { DocumentTab } from '../../components/host';
import { useTrait } from '../traits';
import type { IViewProps } from '../View';

const TABS: readonly string[] = ['overview', 'contents', 'versions', 'files', 'lineage'];

export function DocumentView({ model }: IViewProps) {
  const [atlas] = useTrait(model, 'atlas');
  const [id] = useTrait(model, 'dataset');
  const [version, setVersion] = useTrait(model, 'version');
  const [tab, setTab] = useTrait(model, 'value');
  if (atlas === null || id === null) {
    return null;
  }
  return (
    <DatasetDocument
      dataset={version === null ? { atlas, id } : { atlas, id, version }}
      tab={TABS.includes(tab ?? '') ? (tab as DocumentTab) : 'overview'}
      onTab={setTab}
      onVersion={chosen => setVersion(chosen ?? null)}
    />
  );
}
