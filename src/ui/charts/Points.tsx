import type { MetricId } from '../../spec/metrics.ts';
import type { Lane } from '../../store/lanes.ts';
import { formatValue } from '../format.ts';
import { placeLabels } from './labels.ts';
import type { Size } from './useSize.ts';

interface Props {
  readonly size: Size;
  readonly seen: (place: number) => boolean;
  readonly x: (place: number) => number;
  readonly y: (value: number) => number;
  readonly lanes: readonly Lane[];
  /** Of their steps, in their order. */
  readonly places: readonly ((step: number) => number)[];
  /** The metric whose best and latest values are marked. */
  readonly best: MetricId | undefined;
}

/** The best and the latest value of each lane; a label for which there is no room is left out, its title stays. */
export function Points({ size, seen, x, y, lanes, places, best }: Props) {
  if (best === undefined) return null;
  const points = [
    ...lanes.map((lane) => pointOf(lane, lane.status.bestStep, lane.status.best, 'best')),
    ...lanes.map((lane) => pointOf(lane, lastStepOf(lane, best), lane.history.latest(best), 'latest')),
  ].flatMap((point) => {
    const { step } = point;
    const place = step === null ? NaN : (places[lanes.indexOf(point.lane)]?.(step) ?? NaN);
    if (step === null || !seen(place)) return [];
    // The best one says it all where it is the latest, too.
    if (point.what === 'latest' && step === point.lane.status.bestStep) return [];
    const text = point.what === 'best' ? `best ${formatValue(point.value)}` : formatValue(point.value);
    return [{ ...point, step, text, x: x(place), y: y(point.value) }];
  });
  const labels = placeLabels(points, size);
  return points.map(({ lane, what, step, text, ...at }, index) => {
    const label = labels[index];
    return (
      <g key={`${lane.id} ${what}`} className={`${what} lane-${lane.slot}`}>
        <title>{`${lane.name}, ${what} at step ${step}: ${formatValue(at.value)}`}</title>
        <circle cx={at.x} cy={at.y} r={what === 'best' ? 3.5 : 2.5} />
        {label === undefined || label === null ? null : (
          <text x={label.x} y={label.y} textAnchor={label.anchor}>
            {text}
          </text>
        )}
      </g>
    );
  });
}

function pointOf(lane: Lane, step: number | null, value: number, what: 'best' | 'latest') {
  return { lane, step, value, what };
}

function lastStepOf({ history }: Lane, id: MetricId): number | null {
  const row = history.column(id).findLastIndex((value) => !Number.isNaN(value));
  return history.column('step')[row] ?? null;
}
