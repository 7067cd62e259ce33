import { mean } from '../lib/stats.ts';
import { policyRollouts } from '../rl/reward.ts';
import { plurality } from '../rl/vote.ts';
import type { Group, PseudoLabel } from '../spec/group.ts';
import type { MetricId, MetricRow } from '../spec/metrics.ts';

type TruthMetricId = Extract<MetricId, `truth/${string}`>;

/**
 * The metrics of a step that need solutions. Beside the oracle, this file is their only reader.
 * @param solutions per prompt, [B]; prompts without one are not counted
 * @param rewardMean `reward/mean` of the step
 */
export function truthMetrics(
  groups: readonly Group[],
  labels: readonly PseudoLabel[],
  solutions: readonly (string | null)[],
  rewardMean: number,
): Pick<MetricRow, TruthMetricId> {
  const right = groups.flatMap((group, i) =>
    solutions[i] === null ? [] : policyRollouts(group).map(({ answer }) => Number(answer === solutions[i])),
  );
  const rightLabels = labels.flatMap(({ answer }, i) =>
    answer === null || solutions[i] === null ? [] : [Number(answer === solutions[i])],
  );
  const accuracy = mean(right);
  return {
    'truth/accuracy': accuracy,
    'truth/label_accuracy': mean(rightLabels),
    'truth/reward_gap': rewardMean - accuracy,
  };
}

/**
 * Share of completions that are right.
 * @param answers per prompt its completions' answers, [P][samples]; one each for greedy
 * @param solutions [P]
 */
export function accuracy(
  answers: readonly (readonly (string | null)[])[],
  solutions: readonly string[],
): number {
  return mean(answers.flatMap((ofPrompt, i) => ofPrompt.map((answer) => Number(answer === solutions[i]))));
}

/** Share of prompts whose most frequent answer is right; shapes as `accuracy`. */
export function majorityAccuracy(
  answers: readonly (readonly (string | null)[])[],
  solutions: readonly string[],
): number {
  return mean(answers.map((ofPrompt, i) => Number(plurality(ofPrompt).answer === solutions[i])));
}
