import { mean } from '../lib/stats.ts';
import { policyRollouts } from '../rl/reward.ts';
import { plurality } from '../rl/vote.ts';
import type { MetricId, MetricRow } from '../spec/metrics.ts';
import type { StepRecord } from './collect.ts';

type TruthMetricId = Extract<MetricId, `truth/${string}`>;

/** What a step decided about its prompts, as `StepRecord` has it. */
export type Decided = Pick<StepRecord, 'groups' | 'filters' | 'labels' | 'rewards' | 'advantages'>;

/**
 * The metrics of a step that need solutions. Beside the oracle, this file is their only reader.
 * @param solutions per prompt, [B]; prompts without one are not counted
 * @param rewardMean `reward/mean` of the step
 */
export function truthMetrics(
  decided: Decided,
  solutions: readonly (string | null)[],
  rewardMean: number,
): Pick<MetricRow, TruthMetricId> {
  const { groups, labels } = decided;
  const right = groups.flatMap((group, i) =>
    solutions[i] === null ? [] : policyRollouts(group).map(({ answer }) => Number(answer === solutions[i])),
  );
  const rightLabels = labels.flatMap(({ answer }, i) =>
    answer === null || solutions[i] === null ? [] : [Number(answer === solutions[i])],
  );
  const accuracy = mean(right);
  const trained = trainedRollouts(decided, solutions);
  const yesOrNo = trained.every(({ reward }) => reward === 0 || reward === 1);
  const [ofRight, ofWrong] = [true, false].map((is) => trained.filter((rollout) => rollout.right === is));
  const gap = (of: 'reward' | 'advantage'): number =>
    mean((ofRight ?? []).map((rollout) => rollout[of])) - mean((ofWrong ?? []).map((rollout) => rollout[of]));
  return {
    'truth/accuracy': accuracy,
    'truth/label_accuracy': mean(rightLabels),
    'truth/reward_gap': rewardMean - accuracy,
    'truth/reward_accuracy': yesOrNo
      ? mean(trained.map(({ reward, right: is }) => Number(reward === Number(is))))
      : NaN,
    'truth/youden_j': yesOrNo ? gap('reward') : NaN,
    'truth/advantage_gap': gap('advantage'),
  };
}

interface TrainedRollout {
  readonly right: boolean;
  readonly reward: number;
  readonly advantage: number;
}

/** The kept policy rollouts of groups that were not skipped and have a solution. */
function trainedRollouts(
  { groups, filters, rewards, advantages }: Decided,
  solutions: readonly (string | null)[],
): readonly TrainedRollout[] {
  return groups.flatMap((group, b) => {
    const [solution = null, advantage = null] = [solutions[b], advantages[b]];
    if (solution === null || advantage === null) return [];
    return policyRollouts(group).flatMap(({ answer }, i) =>
      filters[b]?.kept[i] === true
        ? [{ right: answer === solution, reward: rewards[b]?.[i] ?? NaN, advantage: advantage[i] ?? NaN }]
        : [],
    );
  });
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
