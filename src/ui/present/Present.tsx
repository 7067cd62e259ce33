import { useEffect, useState } from 'react';
import { stepOf } from '../../store/lanes.ts';
import { stateInWords, withoutTruth } from '../../store/status.ts';
import { hideTruth, pin, view } from '../../store/view.ts';
import { ShareButton } from '../bar/ShareButton.tsx';
import { TrainButton } from '../bar/TrainButton.tsx';
import { ChartCard } from '../charts/ChartCard.tsx';
import { titleChart } from '../charts/charts.ts';
import { Boundary } from '../states/Boundary.tsx';
import { Now } from '../story/Now.tsx';
import { type Told, toldOf } from '../story/told.ts';
import { useLab, useView } from '../useStore.ts';
import './present.css';

/** For a room: the prompt and the title chart in big type, turn by turn, truth hidden until it is asked for. */
export function Present() {
  const lanes = useLab((state) => state.lanes);
  const marks = useLab((state) => state.marks);
  const recorded = useLab((state) => state.recorded);
  const truthHidden = useView((state) => state.truthHidden);
  const pinned = useView((state) => state.pinned);
  useEffect(() => {
    const before = view.getState().truthHidden;
    hideTruth(true);
    return () => {
      hideTruth(before);
    };
  }, []);
  const turns = toldOf(lanes, marks, truthHidden);
  const newest = Math.max(0, ...lanes.map(stepOf));
  // Of several turns at one step, the one that was gone to.
  const [chosen, setChosen] = useState('');
  const gone = turns.findIndex(({ key, step }) => key === chosen && step === pinned);
  const at = gone >= 0 ? gone : turnAt(turns, pinned);
  const turn = at < 0 ? undefined : turns[at];
  const go = (by: number): void => {
    const next = turns[at + by];
    setChosen(next?.key ?? '');
    if (next !== undefined) pin(next.step);
    else if (by > 0) pin(null);
    else if (at === 0) pin(0);
  };
  useKeys({
    ArrowRight: () => {
      go(1);
    },
    PageDown: () => {
      go(1);
    },
    ArrowLeft: () => {
      go(-1);
    },
    PageUp: () => {
      go(-1);
    },
    t: () => {
      hideTruth(!truthHidden);
    },
    Escape: leave,
  });
  return (
    <main className="present">
      <header>
        <ul>
          {lanes.map((lane) => (
            <li key={lane.id} className={`lane-${String(lane.slot)}`}>
              <span className="swatch" aria-hidden="true" />
              <strong>{lane.name}</strong>{' '}
              <span>{stateInWords(truthHidden ? withoutTruth(lane.status) : lane.status)}</span>
            </li>
          ))}
        </ul>
        <span className="buttons">
          {recorded ? (
            <b className="badge" title="An earlier run: nothing trains here">
              recorded
            </b>
          ) : (
            <>
              <TrainButton />
              <ShareButton />
            </>
          )}
          <button
            type="button"
            aria-keyshortcuts="t"
            onClick={() => {
              hideTruth(!truthHidden);
            }}
          >
            {truthHidden ? 'Show the truth (t)' : 'Hide the truth (t)'}
          </button>
          <button type="button" aria-keyshortcuts="Escape" onClick={leave}>
            Leave (Esc)
          </button>
        </span>
      </header>
      <Boundary what="What the model does">
        <Now />
      </Boundary>
      <Boundary what={titleChart.title}>
        <ChartCard spec={titleChart} large />
      </Boundary>
      <footer aria-live="polite">
        <button
          type="button"
          aria-label="The turn before"
          disabled={at < 0}
          onClick={() => {
            go(-1);
          }}
        >
          ‹
        </button>
        <p>
          <b>{`step ${String(turn?.step ?? pinned ?? newest)}`}</b>
          {turn?.sentence ?? (newest === 0 ? 'Nothing has happened yet.' : 'Before the first turn.')}
        </p>
        <span className="unit">
          {turns.length === 0 ? '' : `${String(at + 1)} of ${String(turns.length)}`}
        </span>
        <button
          type="button"
          aria-label="The next turn"
          disabled={pinned === null}
          onClick={() => {
            go(1);
          }}
        >
          ›
        </button>
      </footer>
    </main>
  );
}

/** Which turn speaks at a step: the last one told of the steps until then; -1: none yet. */
export function turnAt(turns: readonly Told[], pinned: number | null): number {
  if (pinned === null) return turns.length - 1;
  const exact = turns.findLastIndex(({ step }) => step === pinned);
  return exact >= 0 ? exact : turns.findLastIndex(({ step }) => step <= pinned);
}

function leave(): void {
  location.hash = 'lab';
}

/** Keys of the whole page, while no control takes them. */
function useKeys(keys: Readonly<Record<string, () => void>>): void {
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey) return;
      const act = keys[event.key];
      if (act === undefined) return;
      event.preventDefault();
      act();
    };
    document.addEventListener('keydown', onKey);
    return () => {
      document.removeEventListener('keydown', onKey);
    };
  });
}
