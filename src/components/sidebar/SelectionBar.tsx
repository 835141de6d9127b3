/** What can be done with the datasets that are selected. */

import type { DatasetRecord } from '../../api/records';
import { Button, MenuButton, bytes, useWords } from '../base';

export interface ISelectionBarProps {
  records: readonly DatasetRecord[];
  onClear: () => void;
  /** Absent where there is nothing to load into, or no right to. */
  onLoad?: () => void;
  onStudy?: () => void;
  onDelete?: () => void;
  onDownload: () => void;
}

export function SelectionBar(props: ISelectionBarProps) {
  const { records, onLoad, onStudy, onDelete, onDownload } = props;
  const t = useWords();
  const n = records.length;
  const size = records.reduce((sum, record) => sum + (record.version.size ?? 0), 0);
  return (
    <div className="omicshelf-selected" role="toolbar" aria-label={t('{n} selected', { n })}>
      <div className="omicshelf-line">
        <span className="omicshelf-strong omicshelf-grow omicshelf-number">
          {t('{n} selected', { n })}
        </span>
        <span className="omicshelf-dim omicshelf-small omicshelf-number">{bytes(size)}</span>
        <Button
          icon="close"
          size="small"
          label={t('Clear selection')}
          keys={t('Esc')}
          onClick={props.onClear}
        />
      </div>
      <div className="omicshelf-selected-acts">
        {onLoad && (
          <Button look="primary" icon="play" onClick={onLoad}>
            {t('Load all')}
          </Button>
        )}
        {onStudy && (
          <Button look="bordered" onClick={onStudy}>
            {t('Add to study…')}
          </Button>
        )}
        <Button look="bordered" onClick={onDownload}>
          {t('Export')}
        </Button>
        {onDelete && (
          <MenuButton
            icon="more"
            label={t('More')}
            menuLabel={t('More for the selected')}
            align="end"
            items={[{ label: t('Delete…'), icon: 'trash', destructive: true, onSelect: onDelete }]}
          />
        )}
      </div>
    </div>
  );
}
