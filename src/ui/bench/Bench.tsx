import { useState } from 'react';
import { ThemeSwitch } from '../bar/ThemeSwitch.tsx';
import type { BenchCommand, BenchEvent, Table } from '../../bench/protocol.ts';

type Progress =
  { readonly state: 'idle' } | { readonly state: 'running'; readonly doing: string } | BenchEvent;

/** Runs the benchmark in a worker of its own, which ends with it. */
function start(quick: boolean, report: (progress: Progress) => void): void {
  const worker = new Worker(new URL('../../bench/worker.ts', import.meta.url), {
    type: 'module',
    name: 'bench',
  });
  worker.onmessage = ({ data }: MessageEvent<BenchEvent>) => {
    report(data.type === 'progress' ? { state: 'running', doing: data.doing } : data);
    if (data.type !== 'progress') worker.terminate();
  };
  worker.onerror = ({ message }) => {
    worker.terminate();
    const sentence = `The bench stopped: ${message || 'its script could not be loaded'}.`;
    report({ type: 'failed', failure: { code: 'bug', sentence, remedy: 'Reload the page.' } });
  };
  report({ state: 'running', doing: 'Opening the GPU' });
  const command: BenchCommand = { quick, base: document.baseURI };
  worker.postMessage(command);
}

/** What a training step costs on this machine: the same figures as `npm run bench`. */
export function Bench() {
  const [progress, setProgress] = useState<Progress>({ state: 'idle' });
  const running = 'state' in progress && progress.state === 'running';
  return (
    <main className="bench">
      <header>
        <h1>Bench</h1>
        <p>
          What a training step costs on this GPU, phase by phase, and how near that is to the best this
          adapter does. <a href="./">Back to the lab</a>
        </p>
        <div className="bench-bar">
          <button
            type="button"
            className="go"
            disabled={running}
            onClick={() => {
              start(false, setProgress);
            }}
          >
            Run
          </button>
          <button
            type="button"
            disabled={running}
            onClick={() => {
              start(true, setProgress);
            }}
          >
            Run without sizes and group sizes
          </button>
          <ThemeSwitch />
          <span role="status">{running ? `${progress.doing} …` : ''}</span>
        </div>
      </header>
      {'type' in progress && progress.type === 'failed' && (
        <p role="alert">
          {progress.failure.sentence} {progress.failure.remedy}
        </p>
      )}
      {'type' in progress && progress.type === 'done' && (
        <>
          <p className="bench-adapter">
            {progress.adapter}{' '}
            <a
              download="m-grpo-lab-bench.json"
              href={`data:application/json,${encodeURIComponent(JSON.stringify(progress.result, null, 1))}`}
            >
              Save as JSON
            </a>
          </p>
          {progress.tables.map((table) => (
            <Figures key={table.title} table={table} />
          ))}
        </>
      )}
    </main>
  );
}

function Figures({ table: { title, rows } }: { readonly table: Table }) {
  const [head = [], ...body] = rows;
  return (
    <figure className="card bench-table">
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
  );
}
