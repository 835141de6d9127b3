/** The metadata as JSON text, with the place of what is wrong. */

import { Suspense } from 'react';
import { Icon, TextArea, useWords, lazily } from '../../../base';
import type { Translate } from '../../../words';
import type { IJsonProblem } from './json';
import type { IMetadataDraft } from './useMetadataDraft';

const CodeEditor = lazily(async () => (await import('./CodeEditor')).default);

export function JsonView({ draft }: { draft: IMetadataDraft }) {
  const t = useWords();
  const label = t('The metadata as JSON');
  const problem = draft.jsonProblem;
  return (
    <div className="omicshelf-metadata-json">
      <Suspense
        fallback={
          <TextArea
            code
            rows={16}
            maxRows={40}
            label={label}
            value={draft.json}
            onChange={draft.setJson}
          />
        }
      >
        <CodeEditor
          label={label}
          value={draft.json}
          problemAt={problem?.at ?? null}
          problem={problem ? problemWords(t, problem) : null}
          onChange={draft.setJson}
        />
      </Suspense>
      <div className="omicshelf-metadata-problem" role="status">
        {problem && (
          <>
            <Icon name="error" tone="error" />
            <span>{problemWords(t, problem)}</span>
          </>
        )}
      </div>
    </div>
  );
}

function problemWords(t: Translate, problem: IJsonProblem): string {
  const what = kindWords(t, problem.kind);
  return problem.line === null
    ? what
    : t('Line {line}, column {column}: {what}', {
        line: problem.line,
        column: problem.column ?? 1,
        what
      });
}

function kindWords(t: Translate, kind: IJsonProblem['kind']): string {
  switch (kind) {
    case 'syntax':
      return t('this is not JSON. Look for a comma, a quote or a bracket.');
    case 'not-an-object':
      return t('the metadata must be an object: {…}');
    case 'empty-key':
      return t('a key is empty. Give it a name.');
    case 'not-exact':
      return t('a browser would round this number. Write it as a text, in quotes.');
  }
}
