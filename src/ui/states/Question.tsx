import { type SyntheticEvent, useLayoutEffect, useReducer, useRef } from 'react';
import { useStore } from 'zustand';
import { agree, costOf, decline } from '../../store/ask.ts';
import { downloadMetrics, isInFile } from '../../store/exportMetrics.ts';
import { kept } from '../../store/keptState.ts';
import { canKeep } from '../../store/labName.ts';
import { type Asked, lab } from '../../store/lanes.ts';

/** Asks before a run ends or steps are discarded, whatever page is shown. */
export function Question() {
  const asked = useStore(lab, (state) => state.asked);
  return asked === null ? null : <Dialog key={asked.what} asked={asked} />;
}

/** Keys here are none of the page's behind it. */
function keep(event: SyntheticEvent): void {
  event.stopPropagation();
}

function Dialog({ asked }: { readonly asked: Asked }) {
  const { what, lost, answers } = asked;
  const dialog = useRef<HTMLDialogElement>(null);
  const lanes = useStore(lab, (state) => state.lanes);
  const safe = useStore(kept, ({ state }) => (canKeep() ? state : 'stopped'));
  const [, exported] = useReducer((times: number) => times + 1, 0);
  const inFile = lanes.every((lane) => !lost.includes(lane.id) || isInFile(lane));
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
      aria-labelledby="asked-what"
      aria-describedby="asked-cost"
      onKeyDown={keep}
      onCancel={(event) => {
        event.preventDefault();
        decline();
      }}
    >
      <h2 id="asked-what">{what}</h2>
      <p id="asked-cost">{costOf(asked, lanes, safe, inFile)}</p>
      <p className="buttons">
        {/* First, so that the safe answer takes the focus. */}
        <button type="button" onClick={decline}>
          Keep this run
        </button>
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
      </p>
    </dialog>
  );
}
