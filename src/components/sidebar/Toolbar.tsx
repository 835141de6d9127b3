/** The line above the list: filters, how many were found, list or tree, the order. */

import { Button, MenuButton, Segmented, exactly, useHost, useSlow } from '../base';
import { orderMenu } from './menus';
import type { IChoices, View } from './state';

export interface IToolbarProps {
  choices: IChoices;
  change: (some: Partial<IChoices>) => void;
  /** How many filters are on. */
  nFilters: number;
  /** How many were found; null while that is not known. */
  found: number | null;
  /** How many the atlas has. */
  total: number | null;
  searching: boolean;
  disabled: boolean;
}

export function Toolbar(props: IToolbarProps) {
  const { choices, change, nFilters, disabled } = props;
  const host = useHost();
  const { t } = host;
  const searching = useSlow(props.searching);
  const order = choices.order;
  return (
    <div className="omicshelf-sidebar-toolbar">
      <Button
        icon="filter"
        className="omicshelf-filters-button"
        label={nFilters ? t('Filters, {n} on', { n: nFilters }) : t('Filters')}
        expanded={choices.filters}
        disabled={disabled}
        onClick={() => change({ filters: !choices.filters })}
      >
        <span className="omicshelf-wide">{t('Filters')}</span>
        {nFilters > 0 && <span className="omicshelf-number"> {nFilters}</span>}
      </Button>
      <span className="omicshelf-sidebar-toolbar-count omicshelf-dim omicshelf-number">
        {searching ? t('searching…') : countText(t, props.found, props.total)}
      </span>
      <Segmented<View>
        label={t('How datasets are shown')}
        value={choices.view}
        segments={[
          { value: 'list', label: t('List'), icon: 'list' },
          { value: 'tree', label: t('By study'), icon: 'tree' }
        ]}
        onChange={view => change({ view })}
      />
      <MenuButton
        icon="sort"
        label={t('Order')}
        menuLabel={t('Order')}
        align="end"
        items={() => orderMenu(host, order, value => change({ order: value }))}
      />
    </div>
  );
}

function countText(
  t: ReturnType<typeof useHost>['t'],
  found: number | null,
  total: number | null
): string {
  if (found === null || found === 0) {
    return '';
  }
  if (total === null || found >= total) {
    return t.plural('{n} dataset', '{n} datasets', found, { n: exactly(found) });
  }
  return t('{n} of {all}', { n: exactly(found), all: exactly(total) });
}
