import type { Table } from '../../bench/protocol.ts';
import { formatDuration } from '../format.ts';
import { useLab } from '../useStore.ts';
import { example } from './example.ts';
import {
  cancelBench,
  type Progress,
  type Running,
  secondsLeft,
  startBench,
  useBench,
  useClock,
} from './useBench.ts';
import './bench.css';

const choices = [
  { label: 'Run', quick: true },
  { label: 'Run with layouts and sizes, too', quick: false },
] as const;

/** What a training step costs on this machine: the same figures as `npm run bench`. */
export function Bench() {
  const progress = useBench();
  const training = useLab(({ state }) => state === 'training');
  const running = progress.state === 'running';
  return (
    <main className="bench">
      <header>
        <h2>Bench</h2>
        <p>
          What a training step costs on this GPU, phase by phase, and how near that is to the best this
          adapter does. The example below took {formatDuration(example.seconds)} minutes on a software
          adapter, and with all layouts, group sizes and model sizes {formatDuration(example.wholeSeconds)},{' '}
          {formatDuration(example.largestSeconds)} of it for the largest model. A GPU is many times faster.
          {training
            ? ' The run in the lab pauses meanwhile, as it would disturb the times, and then goes on.'
            : ''}
        </p>
        <div className="bench-bar">
          {choices.map(({ label, quick }) => {
            // What was pressed ends it as well, and keeps the focus.
            const its = progress.state === 'running' && progress.quick === quick;
            return (
              <button
                key={label}
                type="button"
                className={quick || its ? 'go' : ''}
                disabled={running && !its}
                onClick={() => {
                  if (its) cancelBench();
                  else startBench(quick);
                }}
              >
                {its ? 'Cancel' : label}
              </button>
            );
          })}
        </div>
        {progress.state === 'running' ? <HowFar progress={progress} /> : null}
        {/* One place that speaks, whatever is said. */}
        <p role="status" className="bench-doing">
          {saidOf(progress)}
        </p>
      </header>
      {progress.state === 'failed' ? (
        <p role="alert">
          {progress.failure.sentence} {progress.failure.remedy}
        </p>
      ) : null}
      {progress.state === 'done' ? (
        <section aria-label="Measured here">
          <p className="bench-adapter">
            {progress.done.adapter}, in {formatDuration(progress.seconds)} minutes{' '}
            <a
              download="m-grpo-lab-bench.json"
              href={`data:application/json,${encodeURIComponent(JSON.stringify(progress.done.result, null, 1))}`}
            >
              Save as JSON
            </a>
          </p>
          <Figures tables={progress.done.tables} />
        </section>
      ) : (
        <section className="bench-example" aria-labelledby="example-title">
          <h3 id="example-title">An example, measured elsewhere</h3>
          <p className="bench-adapter">
            {example.adapter}, in {formatDuration(example.seconds)} minutes. {example.where}
          </p>
          <Figures tables={example.tables} />
        </section>
      )}
    </main>
  );
}

function saidOf(progress: Progress): string {
  if (progress.state === 'running') return `${progress.doing} …`;
  return progress.state === 'cancelled' ? 'Cancelled: nothing was measured.' : '';
}

/** How much is done, how long it has taken, and roughly how long it still will. */
function HowFar({ progress }: { readonly progress: Running }) {
  const now = useClock();
  const left = secondsLeft(progress, now);
  const passed = `${formatDuration(Math.max(0, now - progress.since) / 1000)} passed`;
  return (
    <div className="bench-far">
      <progress aria-label="Measured so far" value={progress.done} />
      <span className="unit">{left === null ? passed : `${passed}, about ${formatDuration(left)} left`}</span>
    </div>
  );
}

function Figures({ tables }: { readonly tables: readonly Table[] }) {
  return tables.map(({ title, rows: [head = [], ...body] }) => (
    <figure key={title} className="card bench-table">
      <figcaption>{title}</figcaption>
      <div tabIndex={0}>
        <table aria-label={title}>
          <thead>
            <tr>
              {head.map((name, column) => (
                <th key={column} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {body.map(([name, ...cells], row) => (
              <tr key={row}>
                <th scope="row">{name}</th>
                {cells.map((cell, column) => (
                  <td key={column}>{cell}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </figure>
  ));
}
