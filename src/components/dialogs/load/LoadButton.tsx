/** The button that loads, for a row or a card: `null` where the host has no kernels. */

import type { IDatasetRef, VersionRecord } from '../../../api/records';
import { Button, type ButtonLook, useWords } from '../../base';
import type { ILoad } from './useLoad';

export interface ILoadButtonProps {
  /** Of the list that it is in: one {@link useLoad} serves all its rows. */
  load: ILoad | null;
  dataset: IDatasetRef;
  record: VersionRecord;
  look?: ButtonLook;
  size?: 'small' | 'normal';
  tabIndex?: number;
  className?: string;
}

export function LoadButton(props: ILoadButtonProps) {
  const { load, dataset, record, look = 'bordered', size, tabIndex, className } = props;
  const t = useWords();
  if (!load) {
    return null;
  }
  return (
    <Button
      icon="play"
      look={look}
      size={size}
      tabIndex={tabIndex}
      className={className}
      label={t('Load {id} into the kernel', { id: dataset.id })}
      busy={load.loading === `${dataset.atlas}/${dataset.id}`}
      onClick={event => {
        // The row that it is on is not opened too.
        event.stopPropagation();
        void load.load(dataset, record);
      }}
    >
      {t('Load')}
    </Button>
  );
}
