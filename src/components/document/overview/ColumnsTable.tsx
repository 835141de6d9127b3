/** The columns of obs, var or a table: what type they are, and a small distribution of each. */

import { useDeferredValue, useMemo, useState } from 'react';
import {
  Badge,
  count,
  Disclosure,
  Icon,
  type IconName,
  LinkButton,
  Text,
  TextField,
  useWords
} from '../../base';
import { ColumnFigures } from './ColumnFigures';
import { type ColumnKind, columnKind, type IColumn, typeWord } from './elements';

export interface IColumnsTableProps {
  title: string;
  columns: readonly IColumn[];
  /** How many there are, where not all of them are described. */
  total?: number;
  /** Which of them, for how many are shown at first. */
  table: 'obs' | 'var' | null;
  /** The columns that came with this version. */
  isNew: ReadonlySet<string>;
  newIn?: string;
}

const AT_FIRST = { obs: 12, var: 6 } as const;
const MORE = 100;
// So few are found by looking.
const SEARCHED_FROM = 9;

export function ColumnsTable(props: IColumnsTableProps) {
  const t = useWords();
  const { title, columns, total = columns.length } = props;
  const [open, setOpen] = useState(true);
  const [text, setText] = useState('');
  const first = AT_FIRST[props.table ?? 'obs'];
  const [wanted, setWanted] = useState<number>(first);
  const sought = useDeferredValue(text.trim().toLocaleLowerCase());
  const found = useMemo(
    () =>
      sought ? columns.filter(({ name }) => name.toLocaleLowerCase().includes(sought)) : columns,
    [columns, sought]
  );
  if (!columns.length) {
    return null;
  }
  const shown = found.slice(0, wanted);
  const more = found.length - shown.length;
  return (
    <Disclosure
      title={title}
      level={2}
      open={open}
      onToggle={setOpen}
      hint={sought ? t('{n} of {all}', { n: found.length, all: count(total) }) : count(total)}
      after={
        open &&
        columns.length >= SEARCHED_FROM && (
          <TextField
            kind="search"
            size="small"
            icon="search"
            className="omicshelf-overview-columns-search"
            label={t('Find a column in {table}', { table: title })}
            placeholder={t('Find a column')}
            clearable
            value={text}
            onChange={setText}
          />
        )
      }
    >
      <Rows {...props} columns={shown} words={sought ? [sought] : NO_WORDS} />
      {found.length === 0 && (
        <p className="omicshelf-overview-columns-more">{t('No column has this in its name.')}</p>
      )}
      {more > 0 && (
        <div className="omicshelf-overview-columns-more">
          <LinkButton onClick={() => setWanted(wanted + MORE)}>
            {t('Show {n} more', { n: Math.min(more, MORE) })}
          </LinkButton>
        </div>
      )}
    </Disclosure>
  );
}

const NO_WORDS: readonly string[] = [];

function Rows(props: IColumnsTableProps & { words: readonly string[] }) {
  const t = useWords();
  const { title, columns } = props;
  return (
    <table className="omicshelf-overview-columns" aria-label={title}>
      <thead>
        <tr>
          <th scope="col">{t('Column')}</th>
          <th scope="col">{t('Type')}</th>
          <th scope="col">{t('Distribution')}</th>
          <th scope="col" className="omicshelf-number">
            {t('Min')}
          </th>
          <th scope="col" className="omicshelf-number">
            {t('Median')}
          </th>
          <th scope="col" className="omicshelf-number">
            {t('Max')}
          </th>
        </tr>
      </thead>
      <tbody>
        {columns.map(column => (
          <Row key={column.name} {...props} column={column} />
        ))}
      </tbody>
    </table>
  );
}

const ICONS: Record<ColumnKind, IconName> = {
  category: 'tag',
  boolean: 'check',
  number: 'number',
  text: 'text',
  date: 'calendar',
  other: 'table'
};

interface IRowProps extends IColumnsTableProps {
  column: IColumn;
  words: readonly string[];
}

function Row(props: IRowProps) {
  const t = useWords();
  const { column, isNew, newIn } = props;
  const { name, element } = column;
  return (
    <tr>
      <th scope="row">
        <span className="omicshelf-column-name">
          <Icon name={ICONS[columnKind(element)]} />
          <Text text={name} words={props.words} />
          {newIn && isNew.has(name) && <Badge>{t('new in {version}', { version: newIn })}</Badge>}
        </span>
      </th>
      <td>
        <Text text={typeWord(element)} />
      </td>
      <ColumnFigures column={column} />
    </tr>
  );
}
