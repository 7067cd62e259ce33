import { mean } from '../../lib/stats.ts';
import { cards, type GuideRun, runsOf } from './runs.ts';

/** One knob, two values, what was measured, and the way to try it. */
export function Cards() {
  return (
    <div className="guide-cards">
      {cards.map(({ name, preset, card }) => {
        const { command, runs } = runsOf(name);
        const lanes = preset.lanes.map((lane) => ({
          name: lane.name,
          runs: runs.filter((run) => run.lane === lane.name),
        }));
        return (
          <article key={name} className="card" aria-labelledby={`card-${name}`}>
            <h3 id={`card-${name}`}>{card.question}</h3>
            <p>{preset.summary}</p>
            <svg
              viewBox="0 0 240 70"
              role="img"
              aria-label={`Sampled accuracy of both lanes of ${preset.title}`}
            >
              <line className="axis" x1="2" x2="238" y1="66" y2="66" />
              {lanes.flatMap((lane, slot) =>
                lane.runs.map((run) => (
                  <path key={`${slot} ${run.seed}`} className={`line lane-${slot}`} d={curveOf(run)} />
                )),
              )}
            </svg>
            <ul>
              {lanes.map((lane, slot) => (
                <li key={lane.name} className={`lane-${slot}`}>
                  <span className="swatch" aria-hidden="true" />
                  {lane.name}: <b>{mean(lane.runs.map(({ final }) => final)).toFixed(2)}</b>{' '}
                  <span className="unit">{`(${lane.runs.map(({ final }) => final.toFixed(2)).join(', ')})`}</span>
                </li>
              ))}
            </ul>
            <p className="unit">
              Final sampled accuracy, mean and seeds{' '}
              {runs
                .map(({ seed }) => seed)
                .filter((seed, at, all) => all.indexOf(seed) === at)
                .join(', ')}
              ; <code>{command}</code>
            </p>
            <p>
              <a href={`?preset=${name}`}>Open in the lab</a>
            </p>
          </article>
        );
      })}
    </div>
  );
}

function curveOf({ curve }: GuideRun): string {
  const last = curve.at(-1)?.[0] ?? 1;
  return `M${curve.map(([step, sampled]) => `${2 + (236 * step) / last} ${66 - 62 * sampled}`).join('L')}`;
}
