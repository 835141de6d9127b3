/** Several files: a row and a state for each, and what they share. */

import { useCallback, useMemo } from 'react';

import {
  Bar,
  Button,
  Combobox,
  Field,
  Icon,
  type IRowState,
  List,
  Text,
  TextField,
  bytes,
  typeIcon,
  useHost,
  useWords
} from '../../base';
import { type IItem, isOver, isUnderWay } from './items';
import { Progress } from './Progress';
import type { Hindrance, IAdd } from './useAdd';

const ROW_HEIGHT = 48;

export function Many({ adding }: { adding: IAdd }) {
  const t = useWords();
  const { items, busy } = adding;
  const renderRow = useRowOf(adding);
  const begun = items.some(item => isUnderWay(item) || isOver(item));
  return (
    <div className="omicshelf-add-many">
      {begun ? (
        <Progress items={items.filter(item => item.state.kind !== 'ready')} />
      ) : (
        <div className="omicshelf-add-shared">
          <Field label={t('Study')}>
            <Combobox value={adding.study} onChange={adding.setStudy} options={[]} />
          </Field>
          <Field label={t('Message')}>
            <TextField value={adding.message} onChange={adding.setMessage} />
          </Field>
        </div>
      )}
      <List<IItem>
        kind="grid"
        label={t('Files to add')}
        className="omicshelf-add-list"
        items={items}
        keyOf={keyOf}
        rowHeight={rowHeight}
        renderRow={renderRow}
        onKey={(event, item) => {
          if (event.key === 'Delete' && !busy) {
            adding.remove(item.key);
            return true;
          }
          return false;
        }}
      />
    </div>
  );
}

const keyOf = (item: IItem) => item.key;
const rowHeight = () => ROW_HEIGHT;

function useRowOf(adding: IAdd) {
  const { change, remove, hindrance, typeOf, taken, busy } = adding;
  // Rows are drawn anew with each change of one of them: a hundred are seen at most.
  return useCallback(
    (item: IItem, state: IRowState) => (
      <FileRow
        item={item}
        type={typeOf(item)}
        hindrance={isOver(item) ? null : hindrance(item)}
        version={taken.get(item.id)?.version.seq ?? 0}
        locked={busy || isOver(item)}
        focused={state.focused}
        onChange={some => change(item.key, some)}
        onRemove={() => remove(item.key)}
      />
    ),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- the functions are of these
    [adding.items, taken, busy]
  );
}

interface IFileRowProps {
  item: IItem;
  type: string;
  hindrance: Hindrance | null;
  version: number;
  locked: boolean;
  focused: boolean;
  onChange: (some: Partial<IItem>) => void;
  onRemove: () => void;
}

function FileRow(props: IFileRowProps) {
  const { item, type, hindrance, locked, onChange, onRemove } = props;
  const t = useWords();
  return (
    <div className="omicshelf-add-row">
      <Icon name={typeIcon(type, item.format)} />
      <div className="omicshelf-add-name">
        <Text as="div" text={item.file.name} />
        <div className="omicshelf-dim omicshelf-small omicshelf-number">
          {bytes(item.file.size)}
          {item.format && ` · ${item.format}`}
          {item.facts[0] && ` · ${item.facts[0].title}`}
        </div>
      </div>
      {locked ? (
        <Text code text={item.id} />
      ) : (
        <TextField
          code
          size="small"
          label={t('Id of {file}', { file: item.file.name })}
          value={item.id}
          onChange={id => onChange({ id: id.trim(), asVersion: false })}
        />
      )}
      <StateOf item={item} hindrance={hindrance} version={props.version} onChange={onChange} />
      {!locked && (
        <Button
          icon="close"
          size="small"
          label={t('Leave out {file}', { file: item.file.name })}
          tabIndex={props.focused ? 0 : -1}
          onClick={onRemove}
        />
      )}
    </div>
  );
}

interface IStateOfProps {
  item: IItem;
  hindrance: Hindrance | null;
  version: number;
  onChange: (some: Partial<IItem>) => void;
}

/** The state of a file in words. */
function StateOf({ item, hindrance, version, onChange }: IStateOfProps) {
  const { t } = useHost();
  const { state } = item;
  const words = useMemo((): [string, 'check' | 'cross' | 'warning' | null] => {
    switch (state.kind) {
      case 'queued':
        return [t('waits for its turn'), null];
      case 'waiting':
        return [t('connection lost, goes on by itself'), 'warning'];
      case 'examining':
        return [t('is examined'), null];
      case 'done':
        return [t('added as v{n}', { n: state.record.version.seq }), 'check'];
      case 'failed':
        return [[state.error.title, state.error.detail].filter(Boolean).join(' '), 'cross'];
      default:
        break;
    }
    switch (hindrance) {
      case 'fault':
        return [item.fault ? `${item.fault.title}. ${item.fault.detail}` : '', 'cross'];
      case 'format':
        return [t('its name tells no format: add it alone'), 'cross'];
      case 'id':
        return [t('letters, digits, _ and - only'), 'cross'];
      case 'twice':
        return [t('another file has this id'), 'cross'];
      case 'taken':
        return [t('the id is taken'), 'cross'];
      default:
        return [item.asVersion ? t('will be v{n}', { n: version + 1 }) : t('ready'), 'check'];
    }
  }, [t, state, hindrance, item, version]);
  const [text, icon] = words;
  const tone = icon === 'check' ? 'good' : icon === 'cross' ? 'error' : 'warning';
  return (
    <div className="omicshelf-add-state">
      {state.kind === 'sending' ? (
        <Bar part={state.sent} whole={item.file.size} />
      ) : (
        <>
          {icon && <Icon name={icon} tone={tone} size="small" />}
          <Text text={text} />
          {hindrance === 'taken' && (
            <button
              type="button"
              className="omicshelf-link"
              onClick={() => onChange({ asVersion: true })}
            >
              {t('add as v{n}', { n: version + 1 })}
            </button>
          )}
        </>
      )}
    </div>
  );
}
