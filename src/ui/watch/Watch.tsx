import { useMemo } from 'react';
import { useStore } from 'zustand';
import { mostLanes } from '../../settings/url.ts';
import { metricIds } from '../../spec/metrics.ts';
import type { Lane } from '../../store/lanes.ts';
import {
  dismissRefused,
  readExample,
  selectRun,
  watch,
  type WatchState as WatchState,
  watchedLab,
  type WatchedRun,
} from '../../store/watch.ts';
import { ChartBar } from '../charts/ChartBar.tsx';
import { ChartCard } from '../charts/ChartCard.tsx';
import { LabContext, useOwnSteps } from '../useStore.ts';
import { Completions } from './Completions.tsx';
import { DropZone, useDrop } from './DropZone.tsx';
import { Follow } from './Follow.tsx';
import { MappingTable } from './MappingTable.tsx';
import { RunCard, WaitingRun } from './RunCard.tsx';
import { tried } from './tried.ts';
import { chartsOf, isShare } from './watchCharts.ts';
import './watch.css';

/** The page on which runs of other trainers are watched: their logs in the lab's charts, judged by its early warning. */
export function Watch() {
  const state = useStore(watch);
  const { over, handlers } = useDrop();
  useOwnSteps();
  return (
    <LabContext value={watchedLab}>
      <main className="watch" data-over={over} {...handlers}>
        {state.runs.length === 0 ? <Empty {...state} /> : <Watched {...state} />}
      </main>
    </LabContext>
  );
}

function Empty(state: WatchState) {
  return (
    <section className="watch-empty" aria-labelledby="watch-title">
      <h2 id="watch-title">Watch your own run</h2>
      <p>
        Drop what a training run left, or paste what it printed: a console’s output, a trainer state, JSON
        lines, an export of W&amp;B or TensorBoard. Its columns are matched to the lab’s metrics by name,
        drawn in the same charts, and judged row by row by the same early warning. It is read in this tab and
        goes nowhere.
      </p>
      <Messages {...state} />
      <DropZone />
      <Follow />
      <p>
        No log at hand?{' '}
        <button type="button" onClick={() => void readExample(document.baseURI)}>
          Try an example
        </button>{' '}
        It is a run of this lab, written in TRL’s format.
      </p>
      <dl className="where">
        <dt>any terminal</dt>
        <dd>
          what TRL, Unsloth, verl, OpenRLHF, NeMo-RL, AReaL, slime or ROLL printed, progress bars and all
        </dd>
        <dt>TRL, transformers</dt>
        <dd>
          <code>trainer_state.json</code> in each <code>checkpoint-…</code> folder of the run
        </dd>
        <dt>verl</dt>
        <dd>
          what <code>trainer.logger=["file"]</code> writes
        </dd>
        <dt>any logger</dt>
        <dd>JSON lines, CSV, or a notebook’s table, with a step in each row</dd>
        <dt>W&amp;B</dt>
        <dd>
          a chart exported as CSV, one file per chart; or <code>run.history().to_csv()</code>
        </dd>
        <dt>TensorBoard</dt>
        <dd>
          the <code>events.out.tfevents.…</code> file, or CSVs of its page; MLflow’s <code>metrics/</code>
        </dd>
        <dt>this lab</dt>
        <dd>
          Export in the bar above; or <code>npm run train -- --out</code>
        </dd>
      </dl>
    </section>
  );
}

function Watched(state: WatchState) {
  const { runs, selected } = state;
  const shown = runs.flatMap((run) => (run.lane === null ? [] : [{ run, lane: run.lane }]));
  const waiting = runs.filter(({ lane }) => lane === null);
  const mapped = shown.find(({ run }) => run.id === selected)?.run ?? shown[0]?.run;
  return (
    <>
      <section className="watch-runs" aria-label="Runs">
        <DropZone />
        <Follow />
        <Messages {...state} />
        {shown.map(({ run, lane }) => (
          <RunCard key={run.id} run={run} lane={lane} />
        ))}
        <p className="unit">
          The rules for runs of other trainers were tried on {tried.files} log files, and judged {tried.right}{' '}
          as their owners expect. Most were at hand when the rules were written: believe them accordingly.
        </p>
        {waiting.length === 0 ? null : (
          <div className="watch-waiting">
            <h2>Not in the charts</h2>
            <p className="unit">There is room for {mostLanes} at a time.</p>
            <ul>
              {waiting.map((run) => (
                <WaitingRun key={run.id} run={run} room={shown.length < mostLanes} />
              ))}
            </ul>
          </div>
        )}
      </section>
      <div className="watch-stage">
        <Charts lanes={shown.map(({ lane }) => lane)} />
        {shown.map(({ run }) =>
          run.told === null ? null : <Completions key={run.id} run={run} told={run.told} />,
        )}
        {mapped === undefined ? null : (
          <section className="watch-mapping card" aria-labelledby="mapping-title">
            <header>
              <h2 id="mapping-title">Columns</h2>
              <RunChoice runs={shown.map(({ run }) => run)} selected={mapped.id} />
            </header>
            <MappingTable key={mapped.id} run={mapped} />
          </section>
        )}
      </div>
    </>
  );
}

/** The charts for which there are columns; the others in a line. */
function Charts({ lanes }: { readonly lanes: readonly Lane[] }) {
  // A mapping that changes makes its lane anew.
  const key = lanes.map(({ id }) => id).join();
  const { drawn, empty } = useMemo(
    () =>
      chartsOf(
        new Set(metricIds.filter((id) => lanes.some((lane) => !Number.isNaN(lane.history.latest(id))))),
        isShare(lanes, 'reward/mean'),
      ),
    // eslint-disable-next-line react-hooks/exhaustive-deps -- `key` stands for the lanes, whose histories are whole
    [key],
  );
  return (
    <>
      <ChartBar />
      <div className="charts">
        {drawn.map((spec) => (
          <ChartCard key={spec.id} spec={spec} />
        ))}
      </div>
      {empty.length === 0 ? null : <p className="unit">No column for: {empty.join(', ')}.</p>}
    </>
  );
}

interface RunChoiceProps {
  readonly runs: readonly WatchedRun[];
  readonly selected: number;
}

function RunChoice({ runs, selected }: RunChoiceProps) {
  if (runs.length < 2) return <span className="unit">{runs[0]?.name}</span>;
  return (
    <span className="segments" role="radiogroup" aria-label="Columns of">
      {runs.map(({ id, name, lane }) => (
        <label key={id} className={`lane-${lane?.slot ?? 0}`}>
          <input
            type="radio"
            name="mapped-run"
            checked={id === selected}
            onChange={() => {
              selectRun(id);
            }}
          />
          <span>
            <span className="swatch" aria-hidden="true" />
            {name}
          </span>
        </label>
      ))}
    </span>
  );
}

/** What is being read, and what was refused. */
function Messages({ reading, refused }: WatchState) {
  return (
    <>
      <p role="status" className={reading.length === 0 ? 'visually-hidden' : 'unit'}>
        {reading.length === 0 ? '' : `Reading ${reading.join(', ')} …`}
      </p>
      {refused.length === 0 ? null : (
        <div className="card watch-refused" role="alert">
          {refused.map(({ file, sentence, remedy }, index) => (
            <p key={index}>
              <strong>{file} was not read.</strong> {sentence} {remedy}
            </p>
          ))}
          <button type="button" className="quiet" onClick={dismissRefused}>
            Dismiss
          </button>
        </div>
      )}
    </>
  );
}
