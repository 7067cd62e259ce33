import type { Table } from '../../bench/protocol.ts';
import { formatDuration } from '../format.ts';
import { useLab } from '../useStore.ts';
import { example } from './example.ts';
import { startBench, useBench, useSecondsSince } from './useBench.ts';
import './bench.css';

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
          <button
            type="button"
            className="go"
            disabled={running}
            onClick={() => {
              startBench(true);
            }}
          >
            Run
          </button>
          <button
            type="button"
            disabled={running}
            onClick={() => {
              startBench(false);
            }}
          >
            Run with layouts and sizes, too
          </button>
          {progress.state === 'running' ? <Running doing={progress.doing} since={progress.since} /> : null}
        </div>
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

function Running({ doing, since }: { readonly doing: string; readonly since: number }) {
  const seconds = useSecondsSince(since);
  return (
    <>
      <span role="status">{doing} …</span>
      <span className="unit">{formatDuration(seconds)}</span>
    </>
  );
}

function Figures({ tables }: { readonly tables: readonly Table[] }) {
  return tables.map(({ title, rows: [head = [], ...body] }) => (
    <figure key={title} className="card bench-table">
      <table>
        <caption>{title}</caption>
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
    </figure>
  ));
}
