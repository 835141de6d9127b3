/** Which atlas is shown, how many datasets it has, and a way to make another one. */

import { useState } from 'react';

import { asCatalogError, type CatalogError } from '../../api/errors';
import type { AtlasRecord } from '../../api/records';
import {
  Button,
  Dialog,
  Field,
  Note,
  Select,
  TextArea,
  TextField,
  exactly,
  useHost,
  useWords
} from '../base';
import { useInfo } from '../data';

// No atlas is called so: a name has no control character.
const NEW = '\u0000new';

export interface IAtlasPickerProps {
  atlas: string;
  atlases: readonly AtlasRecord[];
  onChoose: (atlas: string) => void;
}

export function AtlasPicker({ atlas, atlases, onChoose }: IAtlasPickerProps) {
  const t = useWords();
  const mayCreate = useMayCreateAtlas();
  const [creating, setCreating] = useState(false);
  const options = atlases.map(({ name, n_datasets }) => ({
    value: name,
    label: name,
    hint: exactly(n_datasets ?? 0)
  }));
  return (
    <>
      <Select
        label={t('Atlas')}
        icon="shelf"
        className="omicshelf-atlas"
        value={atlas || null}
        placeholder={atlas || t('No atlas')}
        options={
          mayCreate ? [...options, { value: NEW, label: t('New atlas…'), icon: 'plus' }] : options
        }
        onChange={value => (value === NEW ? setCreating(true) : onChoose(value))}
      />
      {creating && (
        <NewAtlas
          onClose={() => setCreating(false)}
          onCreated={name => {
            setCreating(false);
            onChoose(name);
          }}
        />
      )}
    </>
  );
}

/** Whether the person may make atlases on this server. */
export function useMayCreateAtlas(): boolean {
  const role = useInfo().data?.role;
  return role === 'contributor' || role === 'admin';
}

/** Make an atlas: its name, and what is said of it. */
export function NewAtlas(props: { onClose: () => void; onCreated: (name: string) => void }) {
  const t = useWords();
  const { client } = useHost();
  const [name, setName] = useState('');
  const [description, setDescription] = useState('');
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<CatalogError | null>(null);
  const create = async () => {
    if (!name.trim() || busy) {
      return;
    }
    setBusy(true);
    setError(null);
    try {
      const made = await client.createAtlas(name.trim(), description.trim() || null);
      props.onCreated(made.name);
    } catch (reason) {
      setBusy(false);
      setError(asCatalogError(reason));
    }
  };
  return (
    <Dialog
      title={t('New atlas')}
      size="small"
      onClose={props.onClose}
      onSubmit={() => void create()}
      actions={
        <>
          <Button look="cancel" onClick={props.onClose}>
            {t('Cancel')}
          </Button>
          <Button look="primary" type="submit" busy={busy} disabled={!name.trim()}>
            {t('Create atlas')}
          </Button>
        </>
      }
    >
      <Field
        label={t('Name')}
        required
        hint={t('Datasets of one subject lie together in an atlas.')}
      >
        <TextField first value={name} onChange={setName} />
      </Field>
      <Field label={t('Description')}>
        <TextArea value={description} onChange={setDescription} />
      </Field>
      {error && (
        <Note kind="error" title={error.title}>
          {error.detail}
        </Note>
      )}
    </Dialog>
  );
}
