/** Somebody saved while this was typed: nothing is lost, and both sides can be joined. */

import { Ago, Button, LinkButton, Note, Segmented, Text, useWords } from '../../../base';
import { isolated } from '../../isolated';
import { versionName } from '../../reference';
import { keyLabel, valueText } from './labels';
import type { IClash } from './merge';
import type { IMetadataDraft } from './useMetadataDraft';

export function Meanwhile({ draft }: { draft: IMetadataDraft }) {
  const { newer, clashes } = draft;
  if (newer) {
    return <Newer draft={draft} />;
  }
  return clashes.length ? <Clashes draft={draft} /> : null;
}

function Newer({ draft }: { draft: IMetadataDraft }) {
  const t = useWords();
  const { newer } = draft;
  if (!newer) {
    return null;
  }
  const who = isolated(newer.author ?? t('Somebody'));
  const broken = draft.mode === 'json' && draft.jsonProblem !== null;
  return (
    <Note
      kind="warning"
      title={
        <>
          {t('{version} was saved by {who}', { version: versionName(newer), who })}{' '}
          <Ago time={newer.created_at} />
        </>
      }
      actions={
        <>
          <Button look="bordered" onClick={draft.merge} disabled={broken}>
            {t('Merge')}
          </Button>
          <LinkButton onClick={draft.revert}>{t('Discard mine')}</LinkButton>
        </>
      }
    >
      {broken
        ? t('What you typed is kept. Mend the JSON first, then merge.')
        : t(
            'What you typed is kept. Merge takes over what they changed; where both did, you choose.'
          )}
    </Note>
  );
}

function Clashes({ draft }: { draft: IMetadataDraft }) {
  const t = useWords();
  const open = draft.clashes.filter(clash => clash.choice === null).length;
  return (
    <Note
      kind={open ? 'warning' : 'done'}
      title={
        open
          ? t.plural('{n} field was changed by both', '{n} fields were changed by both', open)
          : t('Merged')
      }
    >
      <ul className="omicshelf-clashes">
        {draft.clashes.map(clash => (
          <Clash
            key={clash.key}
            clash={clash}
            onChoose={choice => draft.choose(clash.key, choice)}
          />
        ))}
      </ul>
    </Note>
  );
}

interface IClashProps {
  clash: IClash;
  onChoose: (choice: 'mine' | 'theirs') => void;
}

function Clash({ clash, onChoose }: IClashProps) {
  const t = useWords();
  const side = (value: unknown) =>
    value === undefined ? (
      <span className="omicshelf-dim">{t('removed')}</span>
    ) : (
      <Text text={valueText(value)} wrap />
    );
  return (
    <li className="omicshelf-clash">
      <Text text={keyLabel(clash.key)} title={clash.key} className="omicshelf-strong" />
      <dl>
        <div>
          <dt>{t('Yours')}</dt>
          <dd>{side(clash.mine)}</dd>
        </div>
        <div>
          <dt>{t('Theirs')}</dt>
          <dd>{side(clash.theirs)}</dd>
        </div>
      </dl>
      <Segmented<'mine' | 'theirs' | ''>
        label={t('Whose {key}', { key: clash.key })}
        value={clash.choice ?? ''}
        segments={[
          { value: 'mine', label: t('Keep mine') },
          { value: 'theirs', label: t('Take theirs') }
        ]}
        onChange={choice => choice && onChoose(choice)}
      />
    </li>
  );
}
