/** An editor for JSON; it is fetched when it is first wanted. */

import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { json } from '@codemirror/lang-json';
import { bracketMatching, indentOnInput } from '@codemirror/language';
import { setDiagnostics } from '@codemirror/lint';
import { EditorState } from '@codemirror/state';
import { EditorView, keymap, lineNumbers } from '@codemirror/view';
import { useEffect, useRef } from 'react';

export interface ICodeEditorProps {
  label: string;
  value: string;
  /** What is wrong, and the offset in the text where. */
  problem: string | null;
  problemAt: number | null;
  onChange: (value: string) => void;
}

export default function CodeEditor({
  label,
  value,
  problem,
  problemAt,
  onChange
}: ICodeEditorProps) {
  const place = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const change = useRef(onChange);
  change.current = onChange;
  const first = useRef(value);

  useEffect(() => {
    if (!place.current) {
      return undefined;
    }
    const editor = new EditorView({
      parent: place.current,
      // A notebook's widget is in a tree of its own.
      root: place.current.getRootNode() as Document | ShadowRoot,
      state: EditorState.create({
        doc: first.current,
        extensions: [
          lineNumbers(),
          history(),
          json(),
          bracketMatching(),
          indentOnInput(),
          // Tab goes on to the next control: whoever has no mouse must come out again.
          keymap.of([...defaultKeymap, ...historyKeymap]),
          EditorView.lineWrapping,
          EditorView.contentAttributes.of({ 'aria-label': label, 'aria-multiline': 'true' }),
          EditorView.updateListener.of(update => {
            if (update.docChanged) {
              change.current(update.state.doc.toString());
            }
          })
        ]
      })
    });
    view.current = editor;
    return () => {
      editor.destroy();
      view.current = null;
    };
  }, [label]);

  useEffect(() => {
    const editor = view.current;
    if (editor && editor.state.doc.toString() !== value) {
      editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: value } });
    }
    first.current = value;
  }, [value]);

  useEffect(() => {
    const editor = view.current;
    if (!editor) {
      return;
    }
    const { length } = editor.state.doc;
    const at = Math.min(problemAt ?? -1, length);
    editor.dispatch(
      setDiagnostics(
        editor.state,
        problem !== null && at >= 0
          ? [
              {
                from: Math.max(0, at - (at === length ? 1 : 0)),
                to: Math.min(length, at + 1),
                severity: 'error',
                message: problem
              }
            ]
          : []
      )
    );
  }, [problem, problemAt]);

  return <div ref={place} className="omicshelf-codeeditor" />;
}
