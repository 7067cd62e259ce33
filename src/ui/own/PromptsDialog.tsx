import { type DragEvent, useEffect, useId, useMemo, useRef, useState } from 'react';
import { LabError } from '../../lib/labError.ts';
import { modelOf } from '../../model/models.ts';
import type { Settings } from '../../settings/hyperparameters.ts';
import { defaultSettings, validateSettings } from '../../settings/settings.ts';
import { taskUnder } from '../../settings/task.ts';
import { inLabels } from '../../settings/wording.ts';
import { setKnob } from '../../store/actions.ts';
import { lab } from '../../store/lanes.ts';
import { LineError } from '../../tasks/custom.ts';
import { drawTraining } from '../../tasks/draw.ts';
import { ownTasks, solvedTaskOf } from '../../tasks/index.ts';
import { useLab } from '../useStore.ts';
import { CodeEditor } from './CodeEditor.tsx';
import { OwnDialog, refusalOf } from './OwnDialog.tsx';
import type { TextDialogProps } from './textDialog.ts';

/** A check follows the last keystroke by this long. */
const pauseMs = 250;

/** What is to be said of a text, and the line it is about. */
interface Verdict {
  readonly sentence: string;
  readonly bad: boolean;
  readonly line: number | null;
}

/** The same rules that the settings obey, for the selected lane. */
function judge(text: string): Verdict {
  if (text === '') return { sentence: 'Empty: the task of the base model.', bad: false, line: null };
  try {
    const { lanes, selected } = lab.getState();
    const [own = ''] = Object.keys(ownTasks);
    const settings = validateSettings({ prompts: text, task: own }, lanes[selected]?.settings);
    const { training = [], heldOut = [] } = taskUnder(settings).listed ?? {};
    const all = [...training, ...heldOut];
    const answered = all.filter(({ solution }) => solution !== null).length;
    const answers =
      answered === all.length
        ? 'all with answers'
        : answered === 0
          ? 'without answers'
          : `${String(answered)} with answers`;
    const truth = answered === 0 ? ' Nothing can be said of the truth.' : '';
    return {
      sentence: `${String(all.length)} prompts, ${answers}: ${String(training.length)} to train on, ${String(heldOut.length)} held out.${truth}`,
      bad: false,
      line: null,
    };
  } catch (error) {
    if (!(error instanceof LabError)) throw error;
    return {
      sentence: inWords(error),
      bad: true,
      line: error instanceof LineError ? error.line : null,
    };
  }
}

function inWords(error: LabError): string {
  const { message, remedy } = inLabels(error);
  return `${message} ${remedy}`;
}

/** Prompts that the lane's base model knows, to start from. */
function exampleFor({ model, taskLevel }: Settings): string {
  const base = modelOf(model);
  const task = solvedTaskOf(base.task);
  const drawn = drawTraining(task, Math.min(taskLevel, base.taskLevel), 0, 0, 24);
  const unique = new Map(drawn.map(({ prompt, solution }) => [prompt, solution]));
  return [...unique]
    .map(([prompt, answer]) => `{"prompt": "${prompt}", "answer": "${answer ?? ''}"}`)
    .join('\n');
}

/** Prompts of one's own: written, pasted, dropped or from a file. */
export function PromptsDialog({ id, knob, value, onClose }: TextDialogProps) {
  const [text, setText] = useState(value);
  const [verdict, setVerdict] = useState<Verdict>(() => judge(value));
  const [problem, setProblem] = useState<string | null>(null);
  const picker = useRef<HTMLInputElement>(null);
  const said = useId();
  const settings = useLab(({ lanes, selected }) => lanes[selected]?.settings) ?? defaultSettings;
  const example = useMemo(() => exampleFor(settings), [settings]);
  const { alphabet } = modelOf(settings.model).tokenizer;

  useEffect(() => {
    const timer = setTimeout(() => {
      setVerdict(judge(text));
    }, pauseMs);
    return () => {
      clearTimeout(timer);
    };
  }, [text]);

  const write = (next: string): void => {
    setProblem(null);
    setText(next);
  };
  const read = async (files: FileList | null): Promise<void> => {
    const file = files?.[0];
    if (file === undefined) return;
    // Characters take one byte and more: a larger file can't fit, and is not read.
    if (file.size > 4 * knob.maxLength) {
      setProblem(
        `${file.name} has ${String(file.size)} bytes, but prompts may have ${String(knob.maxLength)} characters.`,
      );
      return;
    }
    write((await file.text()).trimEnd());
  };
  const use = (): boolean => {
    const now = judge(text);
    setVerdict(now);
    if (now.bad) return false;
    setKnob(id, text);
    setProblem(refusalOf(id));
    return refusalOf(id) === null;
  };
  return (
    <OwnDialog
      id={id}
      title={knob.label}
      dirty={text !== value}
      obstacle={verdict.bad ? verdict.sentence : null}
      onUse={use}
      onClose={onClose}
    >
      <p>
        One JSON object a line: <code>{'{"prompt": "12+7=", "answer": "91"}'}</code>. Answers may be left out;
        they are never shown to the learner, but to the oracle and to you. The model answers by writing{' '}
        <code>#91.</code>
        {alphabet === null ? null : (
          <>
            , with the characters <code>{alphabet}</code>
          </>
        )}
        . A tenth is held out for evaluation.
      </p>
      <div
        className="own-drop"
        onDragOver={(event: DragEvent) => {
          if (event.dataTransfer.types.includes('Files')) event.preventDefault();
        }}
        onDropCapture={(event: DragEvent) => {
          if (event.dataTransfer.files.length === 0) return;
          event.preventDefault();
          event.stopPropagation();
          void read(event.dataTransfer.files);
        }}
      >
        <div className="buttons">
          <button
            type="button"
            onClick={() => {
              picker.current?.click();
            }}
          >
            Choose a file…
          </button>
          <button
            type="button"
            disabled={text === example}
            onClick={() => {
              write(example);
            }}
          >
            Fill in an example
          </button>
          <span className="own-hint">or drop a file on the text</span>
        </div>
        <input
          ref={picker}
          type="file"
          className="visually-hidden"
          tabIndex={-1}
          aria-label="File of prompts"
          accept=".jsonl,.json,.ndjson,.txt"
          onChange={({ target }) => {
            void read(target.files).then(() => {
              // The same file can be chosen again.
              target.value = '';
            });
          }}
        />
        <CodeEditor
          text={text}
          format={knob.format}
          faultLine={verdict.line}
          label={knob.label}
          describedBy={said}
          onChange={write}
        />
      </div>
      <p id={said} className="own-verdict" data-bad={verdict.bad || problem !== null} role="status">
        {problem ?? verdict.sentence}
      </p>
    </OwnDialog>
  );
}
