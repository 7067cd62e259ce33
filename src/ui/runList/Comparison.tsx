import { useEffect, useRef } from 'react';
import { useStore } from 'zustand';
import { comparedLab, leaveComparison } from '../../store/compared.ts';
import { stepOf } from '../../store/lanes.ts';
import { type LaneStatus, stateInWords, withoutTruth } from '../../store/status.ts';
import { ChartBar } from '../charts/ChartBar.tsx';
import { ChartCard } from '../charts/ChartCard.tsx';
import { charts } from '../charts/charts.ts';
import { Differences } from '../charts/enlarged/Differences.tsx';
import { counted, formatShare } from '../format.ts';
import { Boundary } from '../states/Boundary.tsx';
import { LabContext, useOwnSteps, useView } from '../useStore.ts';

/** Kept runs in the same charts, with the settings in which they differ. */
export function Comparison() {
  const lanes = useStore(comparedLab, (state) => state.lanes);
  const truthHidden = useView((state) => state.truthHidden);
  const title = useRef<HTMLHeadingElement>(null);
  useOwnSteps();
  useEffect(() => {
    title.current?.focus();
  }, []);
  return (
    <LabContext value={comparedLab}>
      <header>
        <h2 ref={title} tabIndex={-1}>
          {lanes.length === 1 ? 'A kept run' : `${lanes.length} kept runs`}
        </h2>
        <button type="button" onClick={leaveComparison}>
          Back to the list
        </button>
      </header>
      <ul className="runs-compared" aria-label="Lanes">
        {lanes.map((lane) => (
          <li key={lane.id} className={`lane-${lane.slot}`}>
            <span className="swatch" aria-hidden="true" />
            <strong>{lane.name}</strong>{' '}
            {inWords(stepOf(lane), truthHidden ? withoutTruth(lane.status) : lane.status)}
          </li>
        ))}
      </ul>
      {lanes.length < 2 ? null : <Differences lanes={lanes} />}
      <ChartBar />
      <div className="charts">
        {charts.map((spec) => (
          <Boundary key={spec.id} what={spec.title}>
            <ChartCard spec={spec} />
          </Boundary>
        ))}
      </div>
    </LabContext>
  );
}

function inWords(steps: number, status: LaneStatus): string {
  const { best, bestStep, now } = status;
  const accuracy = Number.isNaN(best)
    ? ''
    : `, held-out accuracy ${formatShare(now)}, best ${formatShare(best)} at step ${bestStep ?? 0}`;
  return `${counted(steps, 'step')}, ${stateInWords(status)}${accuracy}`;
}
