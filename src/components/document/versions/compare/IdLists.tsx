/** Names that came or went: modalities, and the samples and contigs of variants. */

import { useWords } from '../../../base';
import { ChangeLines } from '../../../dialogs/save/ChangeLines';
import type { IChanges } from '../changes';

// A list of thousands is not read; the code that compares gives all of them.
const SHOWN = 50;

export function IdLists({ changes }: { changes: IChanges }) {
  const t = useWords();
  const lists = [
    { title: t('Modalities'), ...changes.modalities },
    ...Object.entries(changes.ids).map(([title, list]) => ({ title, ...list }))
  ].filter(({ added, removed }) => added.length + removed.length > 0);
  return (
    <>
      {lists.map(({ title, added, removed }) => {
        const lines = [...added.map(id => `+ ${id}`), ...removed.map(id => `- ${id}`)];
        return (
          <section key={title}>
            <h3>{title}</h3>
            <ChangeLines label={title} lines={lines.slice(0, SHOWN)} />
            {lines.length > SHOWN && (
              <div className="omicshelf-dim">{t('{n} more', { n: lines.length - SHOWN })}</div>
            )}
          </section>
        );
      })}
    </>
  );
}
