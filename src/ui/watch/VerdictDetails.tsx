import type { Finding } from '../../diagnostics/judge.ts';
import { mostSentences } from '../../diagnostics/signal.ts';
import { stepsCountedOn } from '../../records/import/rows.ts';
import { namedElsewhere } from '../../records/import/names.ts';
import { pin, setZoom } from '../../store/view.ts';
import { mapColumn, type WatchedRun } from '../../store/watch.ts';
import { counted } from '../format.ts';
import { type Remedy, remedies } from './remedies.ts';

/** Steps shown before those that a verdict rests on, as a share of them: what it was like before. */
const before = 0.5;

/** What a verdict rests on: columns and steps, each a way to them. */
export function Evidence({
  run,
  findings,
}: {
  readonly run: WatchedRun;
  readonly findings: readonly Finding[];
}) {
  if (findings.length === 0) return null;
  return (
    <ul className="evidence" aria-label="What it rests on">
      {findings.slice(0, mostSentences).map(({ name, metrics, from, to }) => (
        <li key={`${name} ${metrics.join()}`}>
          <button
            type="button"
            title="Show these steps in the charts"
            onClick={() => {
              setZoom({
                from: Math.max(0, Math.floor(from - before * (to - from) - 2)),
                to: Math.max(to, from + 2),
              });
              pin(from);
            }}
          >
            {metrics.map((id) => namedElsewhere(id).label).join(', ')},{' '}
            {from === to ? `step ${from}` : `steps ${from} to ${to}`}
          </button>{' '}
          <code>{metrics.map((id) => run.mapping[id]?.column ?? id).join(', ')}</code>
        </li>
      ))}
    </ul>
  );
}

/** Things to try, the likeliest first, each with where it comes from. */
export function ToTry({ findings }: { readonly findings: readonly Finding[] }) {
  const all = findings.flatMap(({ name }) => remedies[name]);
  const tries = [...new Set<Remedy>(all)].slice(0, mostTries);
  if (tries.length === 0) return null;
  return (
    <details className="to-try">
      <summary>What to try</summary>
      <ul>
        {tries.map(({ what, query, source }) => (
          <li key={what}>
            {what}{' '}
            {query === null ? null : (
              <>
                <a href={`?${query}#lab`} target="_blank" rel="noopener">
                  Try it in the lab
                </a>
                {'. '}
              </>
            )}
            <span className="unit">{source}</span>
          </li>
        ))}
      </ul>
    </details>
  );
}

const mostTries = 3;

/** What was made of the rows and columns that a reader has to know before believing any of it. */
export function Remarks({ run, truthHidden }: { readonly run: WatchedRun; readonly truthHidden: boolean }) {
  const { drawn, truth, mapping, log } = run;
  const never = log.columns.filter(({ count }) => count === 0).map(({ name }) => name);
  return (
    <>
      {drawn?.countedOn === true ? <p className="unit">{stepsCountedOn}</p> : null}
      {drawn === null || drawn.twice === 0 ? null : (
        <p className="unit">
          {counted(drawn.twice, 'step')} {drawn.twice === 1 ? 'comes' : 'come'} twice; the later rows count.
          {drawn.abandoned === null
            ? null
            : ` What was left behind, steps ${drawn.abandoned.from} to ${drawn.abandoned.to}, is drawn faintly and not judged.`}
        </p>
      )}
      {truthHidden || truth === null || mapping['truth/accuracy']?.column !== truth ? null : (
        <p className="unit">
          <code>{truth}</code> is taken for the truth: it is named so, lies within 0 and 1, and isn’t what is
          paid.{' '}
          <button
            type="button"
            className="quiet"
            onClick={() => {
              void mapColumn(run.id, 'truth/accuracy', null);
            }}
          >
            It is not the truth
          </button>
        </p>
      )}
      {never.length === 0 ? null : (
        <p className="unit">
          Never a finite number: {never.slice(0, mostNamed).join(', ')}
          {never.length > mostNamed ? ' …' : ''}.
        </p>
      )}
    </>
  );
}

/** Most columns named in a line. */
const mostNamed = 5;
