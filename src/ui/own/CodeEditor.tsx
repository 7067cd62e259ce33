import { defaultKeymap, history, historyKeymap } from '@codemirror/commands';
import { javascriptLanguage } from '@codemirror/lang-javascript';
import { bracketMatching, indentOnInput, indentUnit, syntaxHighlighting } from '@codemirror/language';
import { EditorState, StateEffect, StateField } from '@codemirror/state';
import { Decoration, type DecorationSet, EditorView, keymap, lineNumbers } from '@codemirror/view';
import { classHighlighter } from '@lezer/highlight';
import { useEffect, useRef, useState } from 'react';
import type { TextHyperparameter } from '../../spec/hyperparameter.ts';

interface Props {
  readonly text: string;
  readonly format: TextHyperparameter['format'];
  /** Marked, counted from 1; null: none. */
  readonly faultLine: number | null;
  /** What a screen reader calls the editor, and the id of what it says besides. */
  readonly label: string;
  readonly describedBy: string;
  readonly onChange: (text: string) => void;
}

const setFault = StateEffect.define<number | null>();
const faultMark = Decoration.line({ class: 'own-fault-line' });

/** The line of the fault; a change of the text takes the mark away until it was checked again. */
const fault = StateField.define<DecorationSet>({
  create: () => Decoration.none,
  update: (marks, transaction) => {
    const said = transaction.effects.find((effect) => effect.is(setFault));
    if (said === undefined) return transaction.docChanged ? Decoration.none : marks;
    const { doc } = transaction.state;
    if (said.value === null || said.value < 1 || said.value > doc.lines) return Decoration.none;
    return Decoration.set(faultMark.range(doc.line(said.value).from));
  },
  provide: (field) => EditorView.decorations.from(field),
});

/** Tab moves on to the next control, as CodeMirror leaves it. */
const common = [
  lineNumbers(),
  history(),
  keymap.of([...defaultKeymap, ...historyKeymap]),
  syntaxHighlighting(classHighlighter),
  fault,
];
const languages = {
  javascript: [
    javascriptLanguage,
    bracketMatching(),
    indentOnInput(),
    indentUnit.of('  '),
    EditorView.lineWrapping,
  ],
  jsonl: [],
} satisfies Record<Props['format'], unknown[]>;

/** A text with line numbers; the text of its props takes the place of what was written only where they differ. */
export function CodeEditor({ text, format, faultLine, label, describedBy, onChange }: Props) {
  const host = useRef<HTMLDivElement>(null);
  const view = useRef<EditorView | null>(null);
  const listener = useRef(onChange);
  const [initial] = useState(text);
  useEffect(() => {
    listener.current = onChange;
  }, [onChange]);
  useEffect(() => {
    if (host.current === null) return;
    const editor = new EditorView({
      parent: host.current,
      state: EditorState.create({
        doc: initial,
        extensions: [
          ...common,
          ...languages[format],
          // The dialog puts the focus here when it opens.
          EditorView.contentAttributes.of({
            'aria-label': label,
            'aria-describedby': describedBy,
            autofocus: 'true',
            tabindex: '0',
          }),
          EditorView.updateListener.of((update) => {
            if (update.docChanged) listener.current(update.state.doc.toString());
          }),
        ],
      }),
    });
    view.current = editor;
    return () => {
      view.current = null;
      editor.destroy();
    };
  }, [initial, format, label, describedBy]);
  useEffect(() => {
    const editor = view.current;
    if (editor === null || editor.state.doc.toString() === text) return;
    editor.dispatch({ changes: { from: 0, to: editor.state.doc.length, insert: text } });
  }, [text]);
  useEffect(() => {
    view.current?.dispatch({ effects: setFault.of(faultLine) });
  }, [faultLine, text]);
  return <div ref={host} className="own-editor" />;
}
