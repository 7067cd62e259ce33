import type { ClaimTask, JudgedClaim } from '../../experiments/claims.ts';
import { evaluationsOf, type ReducedRun } from '../../experiments/reduced.ts';
import { mean } from '../../lib/stats.ts';
import { linkQuery } from '../../settings/url.ts';
import { type Dash, strokes } from '../charts/dash.ts';
import { Axes, type Box, xOf, yOf } from '../guide/Axes.tsx';
import { LabLink } from '../guide/LabLink.tsx';
import { evidence } from './evidence.ts';

const titles: Readonly<Record<ClaimTask, string>> = { sort: 'Sorting', add: 'Adding' };
/** Lanes are told apart without their colours, too. */
const dashes: readonly Dash[] = ['solid', 'dashed', 'dotted', 'dashDot'];
const dashOf = (slot: number): Dash => dashes[slot] ?? 'solid';
const presetOf = { sort: 'duel', add: 'add' } as const;

/** A claim, its verdict, and on each task the sentence, the curves of all seeds and the way to train them. */
export function ClaimCard({ judged }: { readonly judged: JudgedClaim }) {
  const { id, claim, source, rule, verdict, lanes, findings } = judged;
  return (
    <article className="card" aria-labelledby={`claim-${id}`}>
      <h2 id={`claim-${id}`}>{claim}</h2>
      <p>
        <b className={`verdict ${verdict.replaceAll(' ', '-')}`}>{verdict}</b>{' '}
        <span className="unit">{`${source}. Counted as true of a task where ${rule}.`}</span>
      </p>
      <div className="claim-tasks">
        {findings.map(({ task, holds, says }) => (
          <section key={task} aria-label={`${titles[task]}: ${claim}`}>
            <h3>
              {titles[task]} <span className="unit">{holds ? 'true' : 'not true'}</span>
            </h3>
            <Curves task={task} lanes={lanes} />
            <ul>
              {lanes.map((lane, slot) => (
                <li key={lane} className={`lane-${slot}`}>
                  <svg className="sample" width="22" height="8" aria-hidden="true">
                    <line x1="0" x2="22" y1="4" y2="4" strokeDasharray={strokes[dashOf(slot)]} />
                  </svg>
                  {lane}: <b>{mean(finals(task, lane)).toFixed(2)}</b>{' '}
                  <span className="unit">{`(${finals(task, lane)
                    .map((value) => value.toFixed(2))
                    .join(', ')})`}</span>
                </li>
              ))}
            </ul>
            <p>{says}</p>
            <p>
              <LabLink
                search={linkQuery({
                  preset: presetOf[task],
                  lanes: lanes.flatMap((name) =>
                    evidence[task].experiment.lanes.filter((lane) => lane.name === name),
                  ),
                })}
                title={`${titles[task]}: ${lanes.join(', ')}`}
              >
                Run it
              </LabLink>
            </p>
          </section>
        ))}
      </div>
    </article>
  );
}

function runsOf(task: ClaimTask, lane: string): readonly ReducedRun[] {
  return evidence[task].runs.filter(({ name }) => name === lane);
}

function finals(task: ClaimTask, lane: string): readonly number[] {
  return runsOf(task, lane).map(({ summary }) => summary?.final ?? NaN);
}

const box: Box = { left: 20, right: 336, top: 12, bottom: 106 };

function Curves({ task, lanes }: { readonly task: ClaimTask; readonly lanes: readonly string[] }) {
  const last = Math.max(...evidence[task].runs.map(({ summary }) => summary?.steps ?? 0));
  const line = (run: ReducedRun): string =>
    `M${evaluationsOf(run)
      .map(({ step, sampled }) => `${xOf(box, step, last)} ${yOf(box, sampled)}`)
      .join('L')}`;
  return (
    <svg viewBox="0 0 340 120" role="img" aria-label={`Sampled accuracy of ${lanes.join(', ')}, all seeds`}>
      <Axes box={box} last={last} />
      {lanes.flatMap((lane, slot) =>
        runsOf(task, lane).map((run) => (
          <path
            key={`${slot} ${run.settings.seed}`}
            className={`line lane-${slot}`}
            strokeDasharray={strokes[dashOf(slot)]}
            d={line(run)}
          />
        )),
      )}
    </svg>
  );
}
