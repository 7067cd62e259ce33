import { useStore } from 'zustand';
import { saveAdapter } from '../../store/saveAdapter.ts';
import { answerTraining, planned, type TrainQuestion as Asked, unsavedSteps } from '../../store/training.ts';
import { AskDialog } from '../states/AskDialog.tsx';

/** Asks before a run ends or its adapter is lost. */
export function TrainQuestion() {
  const question = useStore(planned, (state) => state.question);
  return question === null ? null : <Dialog key={question.what} question={question} />;
}

function Dialog({ question: { what, cost } }: { readonly question: Asked }) {
  // Once it is in a file, nothing would be lost.
  useStore(planned, (state) => state.saved);
  const inFile = unsavedSteps() === 0;
  return (
    <AskDialog
      what={what}
      cost={inFile ? `${cost} The adapter is in the file you saved.` : cost}
      decline={() => {
        answerTraining(false);
      }}
    >
      <button type="button" disabled={inFile} onClick={() => void saveAdapter()}>
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
    </AskDialog>
  );
}
