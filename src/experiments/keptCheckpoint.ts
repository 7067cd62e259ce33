import { overlapZones } from '../diagnostics/signal.ts';
import type { MetricRow } from '../spec/metrics.ts';
import type { ReducedRun } from './reduced.ts';

/** Which of a run's evaluated checkpoints somebody keeps who has no labels. @returns its place among them */
type Choice = (evaluations: readonly Partial<MetricRow>[]) => number;

/** Ways of choosing a checkpoint without labels. */
export const choices = {
  last: (evaluations) => evaluations.length - 1,
  /** The first of those with the highest reward; the base where none was measured. */
  reward: (evaluations) => {
    const rewards = evaluations.map((row) => row['reward/mean'] ?? -Infinity);
    return rewards.indexOf(Math.max(...rewards));
  },
  /** The last before the answer overlap is first amber; what was not measured alarms nobody. */
  overlap: (evaluations) => {
    const alarm = evaluations.findIndex((row) => (row['vote/answer_overlap'] ?? 1) < overlapZones.amber);
    return (alarm < 0 ? evaluations.length : alarm) - 1;
  },
} as const satisfies Record<string, Choice>;

/** What the best checkpoint of a run has above the one that is chosen: accuracy of samples; NaN without evaluations. */
export function regretOf({ rows }: Pick<ReducedRun, 'rows'>, choice: Choice): number {
  const evaluations = rows.filter((row) => row['eval/sampled'] !== undefined);
  const accuracy = evaluations.map((row) => row['eval/sampled'] ?? NaN);
  return Math.max(...accuracy) - (accuracy[Math.max(0, choice(evaluations))] ?? NaN);
}
