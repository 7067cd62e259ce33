import type { Rollout } from '../../src/spec/group.ts';
import type { MetricRow } from '../../src/spec/metrics.ts';
import {
  average,
  deviation,
  elect,
  meanEntropy,
  quantile,
  tally,
  type Decision,
  type Sampled,
} from './rules.ts';

type Answers = readonly (string | null)[];

/** Shares of equal answers among pairs of rollouts, averaged over prompts: policy–anchor, within the policy, within the anchor. */
export interface PairShares {
  readonly across: number;
  readonly policy: number;
  readonly anchor: number;
}

const answersOf = (rollouts: readonly Rollout[]): Answers => rollouts.map(({ answer }) => answer);
const from = (rollouts: readonly Rollout[], source: 'policy' | 'anchor') =>
  rollouts.filter((rollout) => rollout.source === source);
/** The anchor's rollouts in the pool, or else those that are only watched. */
const anchorsOf = ({ rollouts, shadow }: Sampled): readonly Rollout[] => {
  const own = from(rollouts, 'anchor');
  return own.length > 0 ? own : shadow;
};

/** Share of equal answers among all pairs (i, j), i ≠ j where both are of one list. */
function equalShare(left: Answers, right: Answers, sameList: boolean): number {
  const pairs = left.flatMap((a, i) => right.flatMap((b, j) => (sameList && i === j ? [] : [a === b])));
  return pairs.filter(Boolean).length / pairs.length;
}

/** Pair shares of a batch; null when no prompt has two rollouts of each model. */
export function pairsOf(batch: readonly Sampled[]): PairShares | null {
  const counted = batch
    .map((sampled) => ({
      policy: answersOf(from(sampled.rollouts, 'policy')),
      anchor: answersOf(anchorsOf(sampled)),
    }))
    .filter(({ policy, anchor }) => policy.length >= 2 && anchor.length >= 2);
  if (counted.length === 0) return null;
  return {
    across: average(counted.map(({ policy, anchor }) => equalShare(policy, anchor, false))),
    policy: average(counted.map(({ policy }) => equalShare(policy, policy, true))),
    anchor: average(counted.map(({ anchor }) => equalShare(anchor, anchor, true))),
  };
}

/** ρ over the last steps; NaN without any, or while no two rollouts of one model agree. */
function overlapOf(recent: readonly PairShares[]): number {
  const of = (key: keyof PairShares) => average(recent.map((pairs) => pairs[key]));
  const scale = Math.sqrt(of('policy') * of('anchor'));
  return scale > 0 ? of('across') / scale : NaN;
}

const share = <T>(items: readonly T[], test: (item: T, i: number) => boolean): number =>
  items.filter(test).length / items.length;

/** Over all tokens of the rollouts, nats. */
function tokenEntropy(rollouts: readonly Rollout[]): number {
  return average(rollouts.flatMap(({ entropies }) => [...entropies]));
}

const measured = (values: readonly number[]): number[] => values.filter((value) => !Number.isNaN(value));

/**
 * Every metric that follows from rollouts and decisions, as the formulas of the metric table say.
 * @param overlap pair shares of the last ten steps, this one included; empty where this one has none
 */
export function sampleMetrics(
  batch: readonly Sampled[],
  decisions: readonly Decision[],
  overlap: readonly PairShares[],
): Partial<MetricRow> {
  const prompts = batch.map((sampled, b) => {
    const decision = decisions[b];
    if (decision === undefined) throw new RangeError(`no decision for prompt ${b}`);
    const policy = from(sampled.rollouts, 'policy');
    const anchors = anchorsOf(sampled);
    const majority = elect(answersOf(policy)).answer;
    return { ...sampled, ...decision, policy, anchors, majority, pool: sampled.rollouts };
  });
  const policy = prompts.flatMap((prompt) => prompt.policy);
  const pool = prompts.flatMap((prompt) => prompt.pool);
  const ownAnchor = from(pool, 'anchor');
  const dropped = prompts.flatMap((prompt) => prompt.pool.filter((_, i) => prompt.kept[i] === false));
  const labels = prompts.flatMap(({ label }) => label ?? []);
  const rewarded = prompts.filter(({ rewards }) => !rewards.every(Number.isNaN));
  const rewardMean = average(rewarded.flatMap(({ rewards }) => rewards));
  const entropies = policy.map(meanEntropy);
  const solved = prompts.filter(({ solution }) => solution !== null);
  const accuracy = average(
    solved.flatMap((prompt) => prompt.policy.map(({ answer }) => Number(answer === prompt.solution))),
  );
  return {
    'policy/entropy': tokenEntropy(policy),
    'policy/entropy_p10': quantile(entropies, 0.1),
    'policy/entropy_p50': quantile(entropies, 0.5),
    'policy/entropy_p90': quantile(entropies, 0.9),
    'anchor/entropy': tokenEntropy(prompts.flatMap(({ anchors }) => anchors)),
    'reward/mean': rewardMean,
    'reward/std': average(measured(rewarded.map(({ rewards }) => deviation(rewards)))),
    'reward/zero_std_groups': share(
      prompts,
      ({ advantages }) => advantages === null || advantages.every((advantage) => advantage === 0),
    ),
    'vote/agreement': average(
      prompts.map((prompt) => elect(answersOf(prompt.pool)).votes / prompt.pool.length),
    ),
    'vote/unanimous': share(prompts, (prompt) => elect(answersOf(prompt.pool)).votes === prompt.pool.length),
    'vote/distinct_answers': average(prompts.map((prompt) => tally(answersOf(prompt.pool)).length)),
    'vote/label_diversity': new Set(labels).size / prompts.length,
    'vote/top_label_share': elect(labels).votes / labels.length,
    'vote/anchor_disagreement': prompts.some(({ anchors }) => anchors.length > 0)
      ? share(prompts, ({ majority, anchors }) => majority !== elect(answersOf(anchors)).answer)
      : NaN,
    'vote/answer_overlap': overlapOf(overlap),
    'vote/anchor_changed_label':
      ownAnchor.length > 0 ? share(prompts, ({ label, majority }) => label !== majority) : NaN,
    'vote/no_answer': share(pool, ({ answer }) => answer === null),
    'vote/no_label': share(prompts, ({ label }) => label === null),
    'vote/tied': share(prompts, ({ tied }) => tied),
    'filter/dropped': dropped.length / pool.length,
    'filter/dropped_policy': from(dropped, 'policy').length / policy.length,
    'filter/dropped_anchor': from(dropped, 'anchor').length / ownAnchor.length,
    'filter/threshold': average(measured(prompts.map(({ threshold }) => threshold))),
    'filter/iqr': average(measured(prompts.map(({ iqr }) => iqr))),
    'completion/length': average(policy.map(({ tokens }) => tokens.length)),
    'completion/truncated': share(policy, ({ truncated }) => truncated),
    'truth/accuracy': accuracy,
    'truth/label_accuracy': average(
      solved.flatMap(({ label, solution }) => (label === null ? [] : [Number(label === solution)])),
    ),
    'truth/reward_gap': rewardMean - accuracy,
  };
}
