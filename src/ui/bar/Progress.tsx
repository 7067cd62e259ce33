import { furtherSteps } from '../../store/actions.ts';
import { type Lane, stepOf } from '../../store/lanes.ts';
import { stepsPerSecond } from '../../store/recent.ts';
import { metrics } from '../../spec/metrics.ts';
import { formatDuration, formatValue } from '../format.ts';
import { useLab } from '../useStore.ts';

const { label, formula, rule } = metrics['perf/steps_per_s'];
const about = `${label}: ${formula} (${rule})`;

/** Steps made and wanted of the lane that has most of them left: lanes may have several lengths. */
function slowest(lanes: readonly Lane[]): readonly [done: number, total: number] {
  let found: readonly [number, number] = [0, 0];
  for (const lane of lanes) {
    const [done, total] = [stepOf(lane), lane.settings.steps];
    if (lane === lanes[0] || total - done > found[1] - found[0]) found = [done, total];
  }
  return found;
}

/** Step n of N, time left and speed. */
export function Progress() {
  const done = useLab(({ lanes }) => slowest(lanes)[0]);
  const total = useLab(({ lanes }) => slowest(lanes)[1]);
  // Looked up anew with every batch of rows, in which histories grow in place.
  const speed = useLab(({ lanes }) => stepsPerSecond(lanes));
  const state = useLab((lab) => lab.state);
  const further = useLab(furtherSteps);
  const ended = state === 'device-lost' || state === 'non-finite' || state === 'gone';
  const word = ended ? 'stopped · ' : state === 'paused' || state === 'finished' ? `${state} · ` : '';
  // Steps can be set below what was made.
  const of = done > total ? `, Steps is ${total}` : ` of ${total}`;
  const left = state === 'training' && speed > 0 ? [`${formatDuration((total - done) / speed)} left`] : [];
  const pace = speed > 0 ? [`${formatValue(speed)} steps/s`] : [];
  const last = state === 'finished' && further === null ? ['Steps is as high as it goes'] : pace;
  const more = [...left, ...(further === null ? last : [`Go on: to ${further}`])];
  return (
    <div className="progress">
      <progress max={Math.max(1, total, done)} value={done} aria-label="Steps made" />
      <p className="progress-words" title={about}>
        {word === '' ? null : <span className="progress-state">{word}</span>}
        <span>{`step ${done}${of}`}</span>
        <span>
          {more.length === 0 ? '' : <span className="between"> · </span>}
          {more.join(' · ')}
        </span>
      </p>
    </div>
  );
}
