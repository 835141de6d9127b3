/** One file: its title, id, type, study and message; what was found out about it. */

import { useState } from 'react';

import {
  Checkbox,
  CodeLine,
  Combobox,
  Field,
  Icon,
  LinkButton,
  Note,
  Text,
  TextField,
  ago,
  bytes,
  useHost,
  useWords
} from '../../base';
import { useFind, useStudies } from '../../data';
import { type IItem, isUnderWay } from './items';
import { idFault } from './naming';
import { Progress } from './Progress';
import { type IAdd, freeId } from './useAdd';

export interface IOneProps {
  adding: IAdd;
  atlas: string;
  item: IItem;
  openWhenAdded: boolean;
  onOpenWhenAdded?: (open: boolean) => void;
}

export function One(props: IOneProps) {
  const { adding, item, atlas } = props;
  const t = useWords();
  const locked = isUnderWay(item);
  const studies = useStudies(atlas).data ?? [];
  const change = (some: Partial<IItem>) => adding.change(item.key, some);
  return (
    <div className="omicshelf-add-one">
      <fieldset className="omicshelf-add-form" disabled={locked}>
        <FileCard item={item} onRemove={locked ? undefined : () => adding.remove(item.key)} />
        {!item.asVersion && (
          <Field label={t('Title')}>
            <TextField value={item.title} onChange={title => change({ title })} />
          </Field>
        )}
        <IdField {...props} />
        {!item.asVersion && <TypeField {...props} />}
        {!item.asVersion && (
          <Field label={t('Study')}>
            <Combobox
              value={adding.study}
              onChange={adding.setStudy}
              options={studies.map(study => ({ value: study, label: study }))}
            />
          </Field>
        )}
        <Field label={t('Message')}>
          <TextField
            value={adding.message}
            placeholder={t('What it is, where it comes from')}
            onChange={adding.setMessage}
          />
        </Field>
        {props.onOpenWhenAdded && (
          <Checkbox checked={props.openWhenAdded} onChange={props.onOpenWhenAdded}>
            {t('Open it when added')}
          </Checkbox>
        )}
      </fieldset>
      <div className="omicshelf-add-check">
        <h3>{locked ? t('Sending') : t('Check')}</h3>
        <Check adding={adding} item={item} />
      </div>
    </div>
  );
}

function FileCard({ item, onRemove }: { item: IItem; onRemove?: () => void }) {
  const t = useWords();
  const { file } = item;
  return (
    <div className="omicshelf-add-file">
      <Icon name="file" size="large" />
      <div className="omicshelf-grow">
        <Text as="div" className="omicshelf-strong" text={file.name} />
        <div className="omicshelf-dim omicshelf-small omicshelf-number">
          {bytes(file.size)} · {t('changed {when}', { when: ago(file.lastModified) })}
        </div>
      </div>
      {onRemove && <LinkButton onClick={onRemove}>{t('Choose another')}</LinkButton>}
    </div>
  );
}

function IdField({ adding, atlas, item }: IOneProps) {
  const host = useHost();
  const { t } = host;
  const [finding, setFinding] = useState(false);
  const taken = adding.taken.get(item.id);
  const fault = idFault(item.id);
  const rule = t('Letters, digits, _ and - only.');
  const takeFree = async () => {
    setFinding(true);
    try {
      adding.change(item.key, { id: await freeId(host, atlas, item.id), asVersion: false });
    } finally {
      setFinding(false);
    }
  };
  const next = taken && `v${taken.version.seq + 1}`;
  const error = fault ? (
    fault === 'empty' ? (
      t('An id is needed. {rule}', { rule })
    ) : fault === 'long' ? (
      t('An id has at most 200 characters.')
    ) : (
      rule
    )
  ) : taken && !item.asVersion ? (
    <>
      {t('{id} is taken (v{n}).', { id: item.id, n: taken.version.seq })}{' '}
      <LinkButton strong disabled={finding} onClick={() => void takeFree()}>
        {t('Use another id')}
      </LinkButton>{' '}
      {t('or')}{' '}
      <LinkButton onClick={() => adding.change(item.key, { asVersion: true })}>
        {t('add as {id} {version}', { id: item.id, version: next ?? '' })}
      </LinkButton>
    </>
  ) : undefined;
  const hint =
    item.asVersion && taken
      ? t('Will be {version} of {id}, which stays as it is otherwise.', {
          version: next ?? '',
          id: item.id
        })
      : adding.checking || error
        ? undefined
        : t('Free in {atlas}. {rule}', { atlas, rule });
  return (
    <Field label={t('Id')} required error={error} hint={hint}>
      <TextField
        code
        value={item.id}
        onChange={id => adding.change(item.key, { id: id.trim(), asVersion: false })}
      />
    </Field>
  );
}

function TypeField({ adding, atlas, item }: IOneProps) {
  const t = useWords();
  const found = useFind(atlas, { limit: 0, facets: ['data_type'], count: false });
  const known = found.data?.pages[0]?.facets?.data_type ?? {};
  const format = adding.formats.find(({ name }) => name === item.format?.replace('+gzip', ''));
  return (
    <>
      {!format && (
        <Field label={t('Format')} required error={t('The name of the file tells none.')}>
          <Combobox
            value={item.format ?? ''}
            onChange={name => adding.change(item.key, { format: name.trim() || null })}
            options={adding.formats.map(({ name, title }) => ({
              value: name,
              label: name,
              hint: title
            }))}
          />
        </Field>
      )}
      <Field
        label={t('Type')}
        hint={
          item.dataType === null && item.format
            ? t('From the format; change it where it is another.')
            : undefined
        }
      >
        <Combobox
          value={adding.typeOf(item)}
          onChange={dataType => adding.change(item.key, { dataType })}
          options={Object.keys(known).map(type => ({ value: type, label: type }))}
        />
      </Field>
    </>
  );
}

/** What is known of the file by now, and what came of sending it. */
function Check({ adding, item }: { adding: IAdd; item: IItem }) {
  const t = useWords();
  const { fault, state } = item;
  const format = adding.formats.find(({ name }) => name === item.format?.replace('+gzip', ''));
  if (fault) {
    return (
      <>
        <Said good={false} title={fault.title} detail={fault.detail} />
        {fault.command && (
          <CodeLine code={fault.command} label={t('The command that gets the data')} />
        )}
        <p className="omicshelf-dim">{t('Nothing has been written.')}</p>
      </>
    );
  }
  if (state.kind === 'failed') {
    return (
      <>
        <Said good={false} title={state.error.title} detail={state.error.detail} />
        <p className="omicshelf-dim">{t('Nothing has been written.')}</p>
      </>
    );
  }
  if (isUnderWay(item)) {
    return <Progress items={[item]} onCancel={adding.stop} />;
  }
  return (
    <>
      {format && <Said good title={t('{format}, by its name', { format: format.title })} />}
      {item.facts.map(({ title, detail }) => (
        <Said key={title} good title={title} detail={detail} />
      ))}
      <Said good title={t('{size} to send', { size: bytes(item.file.size) })} />
      {!format?.loadable && format && (
        <Note>
          {t('It is kept byte for byte, and not opened: its contents are not looked into.')}
        </Note>
      )}
      <p className="omicshelf-dim">
        {t(
          'What is in it is examined when it is added. What cannot be read is refused then, and nothing is written.'
        )}
      </p>
    </>
  );
}

function Said({ good, title, detail }: { good: boolean; title: string; detail?: string | null }) {
  return (
    <div className="omicshelf-add-said" role={good ? undefined : 'alert'}>
      <Icon name={good ? 'check' : 'cross'} tone={good ? 'good' : 'error'} />
      <div>
        <Text as="div" className={good ? undefined : 'omicshelf-strong'} text={title} wrap />
        {detail && <Text as="div" className="omicshelf-dim" text={detail} wrap />}
      </div>
    </div>
  );
}
