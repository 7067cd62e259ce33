import { Suspense, useState } from 'react';
import { describeValue } from '../../store/describe.ts';
import { lazily } from '../lazily.ts';
import { Boundary } from '../states/Boundary.tsx';
import type { TextDialogProps } from './textDialog.ts';

/** How each format is edited; loaded when asked for, as an editor weighs more than the page. */
const dialogs = {
  javascript: lazily(() => import('./RewardDialog.tsx').then(({ RewardDialog }) => RewardDialog)),
  jsonl: lazily(() => import('./PromptsDialog.tsx').then(({ PromptsDialog }) => PromptsDialog)),
};

/** A text in a word, and the way to its editor. Not disabled where it has no effect: to write some may change that. */
export function TextInput({ id, knob, value }: Omit<TextDialogProps, 'onClose'>) {
  const [open, setOpen] = useState(false);
  const Dialog = dialogs[knob.format];
  return (
    <>
      <button
        id={id}
        type="button"
        className="edit-text"
        aria-haspopup="dialog"
        aria-describedby="control-help"
        onClick={() => {
          setOpen(true);
        }}
      >
        {value === '' ? 'Write…' : `Edit ${describeValue(id, value)}…`}
      </button>
      {open ? (
        <Boundary what="The editor">
          <Suspense fallback={null}>
            <Dialog
              id={id}
              knob={knob}
              value={value}
              onClose={() => {
                setOpen(false);
              }}
            />
          </Suspense>
        </Boundary>
      ) : null}
    </>
  );
}
