import { memo, useId, useRef, useState } from 'react';
import { type MetricId, metricIds, metrics } from '../../spec/metrics.ts';
import { download } from '../../store/download.ts';
import { type Lane, stepOf } from '../../store/lanes.ts';
import { recentMean, recentSteps } from '../../store/recent.ts';
import { formatBytes, formatCount, formatValue } from '../format.ts';
import { LaneName } from '../LaneName.tsx';
import { usePacedLab } from '../useStore.ts';
import { ChartMenu } from './ChartMenu.tsx';
import { LazyTable } from './LazyTable.tsx';
import { csvOf } from './csv.ts';
import { MetricNote } from './MetricNote.tsx';
import { useOnScreen } from './useOnScreen.ts';

/** The parts of a step's time, in the order in which a lane meets them. */
const phases: readonly { readonly id: MetricId; readonly label: string }[] = [
  { id: 'perf/rollout_ms', label: 'rollout' },
  { id: 'perf/vote_ms', label: 'vote' },
  { id: 'perf/train_ms', label: 'update' },
  { id: 'perf/readback_ms', label: 'readback' },
  { id: 'perf/others_ms', label: 'other lanes' },
];

/** Least share of a bar that has room for its label. */
const roomForLabel = 0.28;

/** Where the time of a step goes, per lane, with the counts that make it. */
export const SpeedCard = memo(function SpeedCard() {
  const card = useRef<HTMLElement>(null);
  const { lanes } = usePacedLab(useOnScreen(card));
  const [tabled, setTabled] = useState(false);
  const allSteps = { from: 0, to: Math.max(0, ...lanes.map(stepOf)) };
  const name = useId();
  // Lanes step together, so the slowest says how long all of them take.
  const total = Math.max(...lanes.map((lane) => recentMean(lane, 'perf/step_ms')));
  return (
    <figure className="chart card speed" ref={card} aria-labelledby={name}>
      <figcaption>
        <h2 id={name}>Speed</h2>
        <span className="unit">mean of {recentSteps} steps</span>
        <span className="chart-tools unit">
          <span className="speed-total">
            {lanes.length === 0 || Number.isNaN(total) ? '' : `${formatMs(total)} all lanes ·`}
          </span>{' '}
          <a href="#bench">Bench</a>{' '}
          <ChartMenu
            title="Speed"
            tabled={tabled}
            onTable={() => {
              setTabled(!tabled);
            }}
            onPicture={null}
            onCsv={() => {
              const ids = measures.map(({ id }) => id);
              download('speed.csv', new Blob([csvOf(lanes, ids, false)], { type: 'text/csv' }));
            }}
          />
        </span>
      </figcaption>
      {tabled ? (
        <LazyTable title="Speed" lanes={lanes} lines={measures} span={allSteps} />
      ) : (
        <Phases lanes={lanes} />
      )}
    </figure>
  );
});

/** What the table and the file hold: every metric whose entry names this card. */
const measures: readonly { readonly id: MetricId }[] = metricIds
  .filter((id) => metrics[id].chart === 'speed')
  .map((id) => ({ id }));

function Phases({ lanes }: { readonly lanes: readonly Lane[] }) {
  return (
    <>
      <ul className="phase-key">
        {phases.map(({ id, label }, index) => (
          <li key={id}>
            <span className={`phase phase-${index}`} aria-hidden="true" />
            <MetricNote id={id}>{label}</MetricNote>
          </li>
        ))}
      </ul>
      <div className="speed-lanes">
        {lanes.map((lane) => (
          <StepBar key={lane.id} lane={lane} />
        ))}
      </div>
    </>
  );
}

/** What the last step asked of the device. */
const counts: readonly { readonly id: MetricId; readonly text: (value: number) => string }[] = [
  { id: 'perf/dispatches', text: (value) => count(value, 'dispatch', 'es') },
  { id: 'perf/readbacks', text: (value) => count(value, 'readback', 's') },
  { id: 'perf/allocations', text: (value) => count(value, 'allocation', 's') },
  { id: 'perf/memory_bytes', text: (value) => `${formatBytes(value)} held` },
];

function StepBar({ lane }: { readonly lane: Lane }) {
  const times = phases.map(({ id }) => recentMean(lane, id));
  const known = times.map((time) => (Number.isNaN(time) ? 0 : time));
  const total = known.reduce((sum, time) => sum + time, 0);
  const shares = total > 0 ? known.map((time) => time / total) : [];
  const spoken = phases.map(({ label }, phase) => `${label} ${formatMs(times[phase] ?? NaN)}`).join(', ');
  return (
    <section className={`lane-${lane.slot}`} aria-label={lane.name}>
      <p className="speed-name">
        <span className="swatch" aria-hidden="true" />
        <LaneName name={lane.name} />
        <span title={entriesOf(['perf/step_ms', 'perf/tokens_per_s'])}>
          {formatMs(recentMean(lane, 'perf/step_ms'))}
          <span className="tokens-per-second">
            {` · ${formatCount(recentMean(lane, 'perf/tokens_per_s'))} tokens/s`}
          </span>
        </span>
      </p>
      {/* A picture, not boxes: what moves in it is no shift of the layout. */}
      <svg className="step-bar" role="img" aria-label={spoken}>
        <title>{spoken}</title>
        {shares.map((share, phase) => {
          const before = shares.slice(0, phase).reduce((sum, each) => sum + each, 0);
          return (
            <g key={phases[phase]?.id} className={`phase phase-${phase}`}>
              <rect x={percent(before)} width={percent(share)} height="100%" />
              {share > roomForLabel ? (
                <text x={percent(before + share / 2)} y="50%" textAnchor="middle" dominantBaseline="central">
                  {formatMs(times[phase] ?? NaN)}
                </text>
              ) : null}
            </g>
          );
        })}
      </svg>
      <p className="unit" title={entriesOf(counts.map(({ id }) => id))}>
        {Number.isNaN(lane.history.latest('perf/dispatches'))
          ? 'dispatches, readbacks and bytes appear with the first step'
          : counts.map(({ id, text }) => text(lane.history.latest(id))).join(' · ')}
      </p>
    </section>
  );
}

/** What the table says of figures in one line of text: boxes of their own would move as figures change. */
function entriesOf(ids: readonly MetricId[]): string {
  return ids.map((id) => `${metrics[id].label}: ${metrics[id].formula} (${metrics[id].rule})`).join('\n');
}

function percent(share: number): string {
  return `${100 * share}%`;
}

function formatMs(ms: number): string {
  return ms >= 1000 ? `${(ms / 1000).toFixed(2)} s` : `${formatValue(ms)} ms`;
}

function count(amount: number, noun: string, plural: string): string {
  return `${formatCount(amount)} ${noun}${amount === 1 ? '' : plural}`;
}
