/** Choose the columns of a table. */

import { useState } from 'react';

import {
  Button,
  Checkbox,
  LinkButton,
  Popover,
  Text,
  TextField,
  count,
  useWords
} from '../../../base';

export interface IColumnChooserProps {
  /** All columns, in the order of the file. */
  columns: readonly string[];
  chosen: readonly string[];
  onChange: (chosen: readonly string[]) => void;
  /** How many may be shown at once. */
  most: number;
  /** What stands on the button; default: "3 of 9 columns". */
  words?: string;
  /** What they are. */
  label?: string;
  find?: string;
}

// A list of thousands is not read: whoever wants what is not in it types.
const LISTED = 200;

export function ColumnChooser(props: IColumnChooserProps) {
  const { columns, chosen } = props;
  const t = useWords();
  const [anchor, setAnchor] = useState<HTMLElement | null>(null);
  const values = { n: count(chosen.length), of: count(columns.length) };
  return (
    <>
      <Button
        caret
        popup="dialog"
        expanded={anchor !== null}
        onClick={event => setAnchor(anchor ? null : event.currentTarget)}
      >
        {props.words ?? t('{n} of {of} columns', values)}
      </Button>
      {anchor && (
        <Popover
          anchor={anchor}
          label={props.label ?? t('Columns')}
          align="end"
          onClose={() => setAnchor(null)}
        >
          <Choices {...props} />
        </Popover>
      )}
    </>
  );
}

function Choices({ columns, chosen, onChange, most, find }: IColumnChooserProps) {
  const t = useWords();
  const [text, setText] = useState('');
  const folded = text.trim().toLocaleLowerCase();
  const found = folded
    ? columns.filter(name => name.toLocaleLowerCase().includes(folded))
    : columns;
  const on = new Set(chosen);
  // In the order of the file, whatever the order of choosing.
  const set = (next: ReadonlySet<string>) => onChange(columns.filter(name => next.has(name)));
  const toggle = (name: string, checked: boolean) => {
    const next = new Set(on);
    if (checked) {
      next.add(name);
    } else {
      next.delete(name);
    }
    set(next);
  };
  return (
    <div className="omicshelf-columns">
      <TextField
        kind="search"
        label={find ?? t('Find a column')}
        placeholder={find ?? t('Find a column')}
        value={text}
        onChange={setText}
      />
      <div className="omicshelf-columns-all">
        <LinkButton onClick={() => set(new Set([...on, ...found].slice(0, most)))}>
          {folded ? t('Add these') : t('All')}
        </LinkButton>
        <LinkButton
          onClick={() => {
            const gone = new Set(found);
            set(new Set(chosen.filter(name => !gone.has(name))));
          }}
        >
          {folded ? t('Take these away') : t('None')}
        </LinkButton>
      </div>
      <ul className="omicshelf-columns-list">
        {found.slice(0, LISTED).map(name => (
          <li key={name}>
            <Checkbox
              checked={on.has(name)}
              disabled={!on.has(name) && on.size >= most}
              onChange={checked => toggle(name, checked)}
            >
              <Text text={name} />
            </Checkbox>
          </li>
        ))}
      </ul>
      {found.length > LISTED && (
        <p className="omicshelf-dim">
          {t('{n} more: type a part of the name.', { n: count(found.length - LISTED) })}
        </p>
      )}
      {on.size >= most && (
        <p className="omicshelf-dim">{t('At most {n} at a time.', { n: count(most) })}</p>
      )}
    </div>
  );
}
