import { stepOf } from '../../store/lanes.ts';
import { stepsPerSecond } from '../../store/recent.ts';
import { MetricNote } from '../charts/MetricNote.tsx';
import { formatDuration, formatValue } from '../format.ts';
import { useLab } from '../useStore.ts';

/** Step n of N, time left and speed. */
export function Progress() {
  const done = useLab(({ lanes }) => (lanes.length === 0 ? 0 : Math.min(...lanes.map(stepOf))));
  const total = useLab(({ lanes }) => Math.max(0, ...lanes.map(({ settings }) => settings.steps)));
  // Looked up anew with every batch of rows, in which histories grow in place.
  const speed = useLab(({ lanes }) => stepsPerSecond(lanes));
  const state = useLab((lab) => lab.state);
  const word = state === 'paused' || state === 'finished' ? `${state} · ` : '';
  const left = state === 'training' && speed > 0 ? ` · ${formatDuration((total - done) / speed)} left` : '';
  return (
    <div className="progress">
      <progress max={Math.max(1, total)} value={done} aria-label="Steps made" />
      <span>
        {`${word}step ${done} of ${total}${left}`}
        {speed > 0 ? (
          <>
            {' · '}
            <MetricNote id="perf/steps_per_s">{`${formatValue(speed)} steps/s`}</MetricNote>
          </>
        ) : null}
      </span>
    </div>
  );
}
