import type { MetricId } from '../spec/metrics.ts';
import { type Lane, stepOf } from './lanes.ts';

/** Steps whose mean is shown of costs: single steps jump about. */
export const recentSteps = 20;

/** Mean of a metric over a lane's last steps that measured it; NaN where none did. */
export function recentMean(lane: Lane, id: MetricId): number {
  const values = recent(lane, id);
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/**
 * Steps that the lanes make in a second: those furthest behind say it, and of them the slowest, since the others wait
 * for it. Last steps ÷ the time that they took, NaN before the first.
 */
export function stepsPerSecond(lanes: readonly Lane[]): number {
  const least = Math.min(...lanes.map(stepOf));
  const rates = lanes.flatMap((lane) => {
    const values = stepOf(lane) === least ? recent(lane, 'perf/steps_per_s') : [];
    return values.length === 0 ? [] : [values.length / values.reduce((sum, rate) => sum + 1 / rate, 0)];
  });
  return rates.length === 0 ? NaN : Math.min(...rates);
}

function recent({ history }: Lane, id: MetricId): readonly number[] {
  return [...history.column(id).subarray(-recentSteps)].filter((value) => !Number.isNaN(value));
}
