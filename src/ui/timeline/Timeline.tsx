import { mostLanes } from '../../settings/url.ts';
import { fork } from '../../store/laneActions.ts';
import { forkStep, stepOf } from '../../store/lanes.ts';
import { pin } from '../../store/view.ts';
import { formatBytes } from '../format.ts';
import { useLab, useView } from '../useStore.ts';

/** Drag to any recorded step: charts and rollouts show it; the selected lane can be forked at its checkpoints (dots). */
export function Timeline() {
  const lanes = useLab((state) => state.lanes);
  const lane = useLab((state) => state.lanes[state.selected]);
  const marks = useLab((state) => state.marks);
  const recorded = useLab((state) => state.recorded);
  const cursor = useView((state) => state.cursor);
  if (lane === undefined) return null;
  const newest = Math.max(0, ...lanes.map(stepOf));
  const end = Math.max(newest, ...lanes.map(({ settings }) => settings.steps));
  const at = Math.min(cursor ?? newest, newest);
  const forkAt = forkStep(lane, Math.min(at, stepOf(lane)));
  const full = lanes.length >= mostLanes;
  const made = stepOf(lane) > 0;
  const { steps, bytes } = lane.checkpoints;
  const x = (step: number): string => `${(100 * step) / end}%`;
  return (
    <section className={`timeline lane-${lane.slot}`} aria-label="Timeline">
      <span className="timeline-step">step {at}</span>
      <div
        className="timeline-track"
        title={recorded ? undefined : `${steps.length} checkpoints of ${lane.name}, ${formatBytes(bytes)}`}
      >
        <svg aria-hidden="true">
          <rect className="rail" width="100%" height="10" y="6" rx="3" />
          {steps.map((step) => (
            <line key={step} className="checkpoint" x1={x(step)} x2={x(step)} y1="11" y2="11.01" />
          ))}
          {marks
            .filter((mark) => mark.lanes.includes(lane.id))
            .map((mark) => (
              <line key={mark.text} className="marked" x1={x(mark.step)} x2={x(mark.step)} y1="3" y2="19" />
            ))}
          {lane.alarms.map((alarm) => (
            <line
              key={alarm.step}
              className={`alarm-${alarm.state}`}
              x1={x(alarm.step)}
              x2={x(alarm.step)}
              y1="4"
              y2="18"
            />
          ))}
        </svg>
        <input
          type="range"
          aria-label="Step shown"
          aria-valuetext={cursor === null ? `step ${at}, the newest` : `step ${at}`}
          min={0}
          max={end}
          value={at}
          onChange={(event) => {
            const step = Math.min(newest, Number(event.target.value));
            pin(step >= newest ? null : step);
          }}
        />
      </div>
      <button
        type="button"
        disabled={cursor === null}
        title="Follow the newest step"
        onClick={() => {
          pin(null);
        }}
      >
        Newest
      </button>
      <button
        type="button"
        disabled={recorded || full || !made}
        title={
          recorded
            ? 'A recorded run has no checkpoints'
            : full
              ? 'There is room for four lanes: remove one first'
              : `A new lane from ${lane.name}'s checkpoint at step ${forkAt}, with the same random numbers: change one knob of it`
        }
        onClick={() => {
          fork(lane.id, at);
        }}
      >
        {recorded ? 'Fork' : `Fork from ${forkAt}`}
      </button>
    </section>
  );
}
