import { useReducer } from 'react';
import { useStore } from 'zustand';
import { agree, costOf, decline } from '../../store/ask.ts';
import { downloadMetrics, isInFile } from '../../store/exportMetrics.ts';
import { kept } from '../../store/keptState.ts';
import { canKeep } from '../../store/labName.ts';
import { type Asked, lab } from '../../store/lanes.ts';
import { AskDialog } from './AskDialog.tsx';

/** Asks before a run ends or steps are discarded, whatever page is shown. */
export function Question() {
  const asked = useStore(lab, (state) => state.asked);
  return asked === null ? null : <Dialog key={asked.what} asked={asked} />;
}

function Dialog({ asked }: { readonly asked: Asked }) {
  const { what, lost, answers } = asked;
  const lanes = useStore(lab, (state) => state.lanes);
  const safe = useStore(kept, ({ state }) => (canKeep() ? state : 'stopped'));
  const [, exported] = useReducer((times: number) => times + 1, 0);
  const inFile = lanes.every((lane) => !lost.includes(lane.id) || isInFile(lane));
  return (
    <AskDialog what={what} cost={costOf(asked, lanes, safe, inFile)} decline={decline}>
      <button
        type="button"
        onClick={() => {
          downloadMetrics();
          exported();
        }}
      >
        Export its metrics
      </button>
      {answers.map((answer) => (
        <button
          key={answer.label}
          type="button"
          className={answer === answers.at(-1) ? 'go' : ''}
          onClick={() => {
            agree(answer);
          }}
        >
          {answer.label}
        </button>
      ))}
    </AskDialog>
  );
}
