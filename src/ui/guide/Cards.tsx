import { evaluationsOf, type ReducedRun } from '../../experiments/reduced.ts';
import { mean } from '../../lib/stats.ts';
import { linkQuery } from '../../settings/url.ts';
import { Axes, type Box, xOf, yOf } from './Axes.tsx';
import { LabLink } from './LabLink.tsx';
import { cards } from './runs.ts';

/** One knob, two values, what was measured, and the way to try it. */
export function Cards() {
  return (
    <div className="guide-cards">
      {cards.map(({ name, question, says, experiment, runs }) => {
        const lanes = experiment.lanes.map((lane) => ({
          name: lane.name,
          runs: runs.filter((run) => run.name === lane.name),
        }));
        return (
          <article key={name} className="card" aria-labelledby={`card-${name}`}>
            <h3 id={`card-${name}`}>{question}</h3>
            {says.map((sentence) => (
              <p key={sentence}>{sentence}</p>
            ))}
            <svg
              viewBox="0 0 260 96"
              role="img"
              aria-label={`Sampled accuracy of both lanes of ${experiment.title}`}
            >
              <Axes box={box} last={lastStepOf(runs)} />
              {lanes.flatMap((lane, slot) =>
                lane.runs.map((run) => (
                  <path
                    key={`${slot} ${run.settings.seed}`}
                    className={`line lane-${slot}`}
                    d={curveOf(run, lastStepOf(runs))}
                  />
                )),
              )}
            </svg>
            <ul>
              {lanes.map((lane, slot) => (
                <li key={lane.name} className={`lane-${slot}`}>
                  <span className="swatch" aria-hidden="true" />
                  {lane.name}: <b>{mean(lane.runs.map(finalOf)).toFixed(2)}</b>{' '}
                  <span className="unit">{`(${lane.runs.map((run) => finalOf(run).toFixed(2)).join(', ')})`}</span>
                </li>
              ))}
            </ul>
            <p className="unit">
              Sampled accuracy after {lastStepOf(runs).toLocaleString('en')} steps, mean and seeds{' '}
              {experiment.seeds.join(', ')}; <code>npm run experiment -- {experiment.name}</code>
            </p>
            <p>
              <LabLink search={linkQuery({ preset: name, lanes: experiment.lanes })} title={experiment.title}>
                Open in the lab
              </LabLink>
            </p>
          </article>
        );
      })}
    </div>
  );
}

function finalOf({ summary }: ReducedRun): number {
  return summary?.final ?? NaN;
}

function lastStepOf(runs: readonly ReducedRun[]): number {
  return Math.max(...runs.map(({ summary }) => summary?.steps ?? 0));
}

const box: Box = { left: 20, right: 256, top: 12, bottom: 82 };

function curveOf(run: ReducedRun, last: number): string {
  const points = evaluationsOf(run).map(
    ({ step, sampled }) => `${xOf(box, step, last)} ${yOf(box, sampled)}`,
  );
  return `M${points.join('L')}`;
}
