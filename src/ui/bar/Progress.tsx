import { stepOf } from '../../store/lanes.ts';
import { formatDuration, formatValue } from '../format.ts';
import { useLab } from '../useStore.ts';

/** Step n of N, time left and speed. */
export function Progress() {
  const done = useLab(({ lanes }) => (lanes.length === 0 ? 0 : Math.min(...lanes.map(stepOf))));
  const total = useLab(({ lanes }) => Math.max(0, ...lanes.map(({ settings }) => settings.steps)));
  const speed = useLab((lab) => lab.stepsPerSecond);
  const state = useLab((lab) => lab.state);
  const word = state === 'paused' || state === 'finished' ? `${state} · ` : '';
  const left = state === 'training' && speed > 0 ? ` · ${formatDuration((total - done) / speed)} left` : '';
  const pace = speed > 0 ? ` · ${formatValue(speed)} steps/s` : '';
  return (
    <div className="progress">
      <progress max={Math.max(1, total)} value={done} aria-label="Steps made" />
      <span>{`${word}step ${done} of ${total}${left}${pace}`}</span>
    </div>
  );
}
