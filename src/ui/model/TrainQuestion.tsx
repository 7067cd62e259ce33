import { useLayoutEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { saveAdapter } from '../../store/saveAdapter.ts';
import { answerTraining, planned, type TrainQuestion as Asked, unsavedSteps } from '../../store/training.ts';

/** Asks before a run ends or its adapter is lost. */
export function TrainQuestion() {
  const question = useStore(planned, (state) => state.question);
  return question === null ? null : <Dialog key={question.what} question={question} />;
}

function Dialog({ question: { what, cost } }: { readonly question: Asked }) {
  const dialog = useRef<HTMLDialogElement>(null);
  // Once it is in a file, nothing would be lost.
  useStore(planned, (state) => state.saved);
  useLayoutEffect(() => {
    // Closed with the question: the focus goes back to where it came from.
    const opened = dialog.current;
    if (opened?.open === false) opened.showModal();
    return () => {
      opened?.close();
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className="question card"
      role="alertdialog"
      aria-labelledby="train-what"
      aria-describedby="train-cost"
      onCancel={(event) => {
        event.preventDefault();
        answerTraining(false);
      }}
    >
      <h2 id="train-what">{what}</h2>
      <p id="train-cost">{unsavedSteps() === 0 ? `${cost} The adapter is in the file you saved.` : cost}</p>
      <p className="buttons">
        {/* First, so that the safe answer takes the focus. */}
        <button
          type="button"
          onClick={() => {
            answerTraining(false);
          }}
        >
          Keep this run
        </button>
        <button type="button" disabled={unsavedSteps() === 0} onClick={() => void saveAdapter()}>
          Save adapter
        </button>
        <button
          type="button"
          className="go"
          onClick={() => {
            answerTraining(true);
          }}
        >
          {what}
        </button>
      </p>
    </dialog>
  );
}
