import { useMemo } from 'react';
import { useStore } from 'zustand';
import type { TrainedRun } from '../../asking/protocol.ts';
import { metricIds } from '../../spec/metrics.ts';
import type { Lane } from '../../store/lanes.ts';
import { compareAdapter, saveAdapter, saveRecord, watchRecord } from '../../store/saveAdapter.ts';
import { stateInWords, withoutTruth } from '../../store/status.ts';
import { planned, trainedLab, underWay } from '../../store/training.ts';
import { ChartBar } from '../charts/ChartBar.tsx';
import { ChartCard } from '../charts/ChartCard.tsx';
import { RolloutPanel } from '../rollouts/RolloutPanel.tsx';
import { LabContext, useView } from '../useStore.ts';
import { chartsOf } from '../watch/watchCharts.ts';

/** What a run made: how it fares, its charts, the vote of a prompt; and the ways to take it along. */
export function TrainedRunView({ run }: { readonly run: TrainedRun }) {
  const lane = useStore(trainedLab, ({ lanes }) => lanes[0]);
  const saved = useStore(planned, (state) => state.saved);
  const held = underWay(run);
  const step = held ? run.step : (run.kept ?? 0);
  // A folder is opened where nothing else is under way.
  const steps = held && run.doing !== 'paused';
  return (
    <>
      <p className="buttons train-saving">
        <button type="button" disabled={step === 0} onClick={() => void saveAdapter()}>
          Save adapter
        </button>
        <button type="button" disabled={lane === undefined} onClick={saveRecord}>
          Record as JSON lines
        </button>
        <button type="button" disabled={lane === undefined} onClick={() => void watchRecord()}>
          Open the run in Watch
        </button>
        <button
          type="button"
          disabled={step === 0 || !run.based || steps}
          title={
            steps
              ? 'Pause or stop the run first: no folder is opened while steps are made'
              : 'As a second folder, to be asked beside its base'
          }
          onClick={() => void compareAdapter()}
        >
          Compare with the base
        </button>
        <span className="unit" role="status">
          {endWords(run, saved)}
        </span>
      </p>
      {lane === undefined ? null : (
        <LabContext value={trainedLab}>
          <Verdict lane={lane} />
          <Charts lane={lane} />
          <RolloutPanel />
        </LabContext>
      )}
    </>
  );
}

function endWords(run: TrainedRun, saved: number): string {
  const { doing, kept, step, steps, miss } = run;
  if (doing === 'paused') return miss ?? '';
  if (doing !== 'ended') return '';
  const end = step >= steps ? `All ${String(steps)} steps are made.` : `Stopped at step ${String(step)}.`;
  const file =
    kept === null
      ? 'There is no adapter.'
      : saved === kept
        ? `The adapter of step ${String(kept)} is in a file.`
        : `The adapter of step ${String(kept)} is in no file yet.`;
  return `${end} ${file} ${miss ?? ''}`.trim();
}

/** How the run fares, as the lab says of its lanes. */
function Verdict({ lane }: { readonly lane: Lane }) {
  const truthHidden = useView((state) => state.truthHidden);
  const status = truthHidden ? withoutTruth(lane.status) : lane.status;
  return (
    <article className="watched card lane-0" data-state={status.state} aria-label={lane.name}>
      <div className="lane-head">
        <strong>{lane.name}</strong>
      </div>
      <span className="lane-state">{stateInWords(status)}</span>
      <p className="watched-reason">{status.reason}</p>
    </article>
  );
}

/** The charts of what is measured by now. */
function Charts({ lane }: { readonly lane: Lane }) {
  const measured = metricIds.filter((id) => !Number.isNaN(lane.history.latest(id))).join();
  const { drawn } = useMemo(
    () => chartsOf(new Set(metricIds.filter((id) => measured.split(',').includes(id)))),
    [measured],
  );
  return (
    <>
      <ChartBar />
      <div className="charts">
        {drawn.map((spec) => (
          <ChartCard key={spec.id} spec={spec} />
        ))}
      </div>
    </>
  );
}
