/** The tabs of a dataset, and the kernel that Load goes to. */

import type { DatasetRecord, IDatasetRef } from '../../api/records';
import { count, Dot, type ITab, MenuButton, Tabs, useWords } from '../base';
import { useFiles } from '../data';
import { useKernels } from '../dialogs/load';
import { Target, targetName } from '../dialogs/load/fields';
import type { DocumentTab, IKernels } from '../host';
import { hasRoom } from './Room';

interface IDocumentTabsProps {
  id: string;
  dataset: IDatasetRef;
  record: DatasetRecord;
  value: DocumentTab;
  onChange: (tab: DocumentTab) => void;
}

export function DocumentTabs({ id, dataset, record, value, onChange }: IDocumentTabsProps) {
  const t = useWords();
  const kernels = useKernels();
  const { data: files } = useFiles(dataset);
  const all: ITab<DocumentTab>[] = [
    { value: 'overview', label: t('Overview') },
    { value: 'contents', label: t('Contents') },
    { value: 'versions', label: t('Versions'), count: count(record.version.seq) },
    { value: 'files', label: t('Files'), count: files?.length ? count(files.length) : undefined },
    { value: 'lineage', label: t('Lineage') }
  ];
  return (
    <Tabs
      id={id}
      label={t('What is shown of {id}', { id: dataset.id })}
      className="omicshelf-document-tabs"
      value={value}
      tabs={all.filter(tab => hasRoom(tab.value))}
      onChange={onChange}
      after={kernels && <KernelLine kernels={kernels} />}
    />
  );
}

/** The kernel that Load goes to, and a menu to choose another. */
function KernelLine({ kernels }: { kernels: IKernels }) {
  const t = useWords();
  const { current, all } = kernels;
  return (
    <span className="omicshelf-kernelline">
      {current ? (
        <Target target={current} />
      ) : (
        <span className="omicshelf-target">
          <Dot kind="off" />
          {t('No notebook open')}
        </span>
      )}
      {all.length > (current ? 1 : 0) && (
        <MenuButton
          size="small"
          className="omicshelf-kernelline-change"
          menuLabel={t('The kernel that Load goes to')}
          align="end"
          items={all.map(target => ({
            label: targetName(target),
            checked: target.id === current?.id,
            onSelect: () => kernels.choose(target.id)
          }))}
        >
          {t('Change')}
        </MenuButton>
      )}
    </span>
  );
}
