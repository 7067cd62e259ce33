import type { TrainingGroup } from '../engine/rows.ts';
import type { RandomInteger } from '../lib/philox.ts';
import { voters as everyone } from '../rl/filter.ts';
import { policyRollouts } from '../rl/reward.ts';
import { noLabel } from '../rl/vote.ts';
import type { Settings } from '../settings/hyperparameters.ts';
import type { Algorithm, FilterResult, Kept } from '../spec/algorithm.ts';
import type { PseudoLabel } from '../spec/group.ts';
import type { RewardRunner } from '../spec/reward.ts';
import type { Tokenizer } from '../spec/tokenizer.ts';
import { ownRewards } from './ownReward.ts';
import type { RolledBatch } from './rollouts.ts';

/** What a step decided, per prompt [B]; for the table of rollouts. */
export interface StepDecisions extends RolledBatch {
  readonly filters: readonly FilterResult[];
  /** Who was heard, [B][G]. */
  readonly voters: readonly Kept[];
  readonly labels: readonly PseudoLabel[];
  readonly rewards: readonly (readonly number[])[];
  readonly advantages: readonly (readonly number[] | null)[];
}

/** Who decides, and by which rules. */
export interface Judge {
  readonly algorithm: Algorithm;
  readonly tokenizer: Tokenizer;
  /** Runs a reward of the user's own; without it there can be none. */
  readonly runReward: RewardRunner | undefined;
}

/**
 * Filter, vote, reward and advantage. Only an oracle's rule is handed a solution.
 * @param random the step's stream for rewards
 * @throws LabError `bad-reward`
 */
export async function decide(
  batch: RolledBatch,
  { algorithm, tokenizer, runReward }: Judge,
  settings: Settings,
  random: RandomInteger,
): Promise<StepDecisions> {
  const { groups, problems } = batch;
  const filters = groups.map((group) => algorithm.filter(group, settings));
  const kept = filters.map((filter) => filter.kept);
  // An oracle hears nobody; its table shows what a vote would have been.
  const mayVote = algorithm.needsTruth ? everyone : algorithm.voters;
  const voters = groups.map((group, b) => mayVote(kept[b] ?? [], settings, group));
  const labels = groups.map((group, b) =>
    algorithm.needsTruth
      ? algorithm.label(group, problems[b]?.solution ?? '')
      : algorithm.label(group, voters[b] ?? [], settings),
  );
  const rewards =
    settings.rewardCode === ''
      ? groups.map((group, b) => algorithm.reward(group, labels[b] ?? noLabel(), settings, random))
      : await ownRewards(runReward, settings.rewardCode, groups, labels, tokenizer);
  const advantages = algorithm.advantage(rewards, kept, settings);
  return { ...batch, filters, voters, labels, rewards, advantages };
}

/**
 * Groups that teach nothing, by index: skipped, or all that was kept of the policy's is rewarded alike.
 * @source arXiv 2503.14476 (dynamic sampling)
 */
export function deadGroups({ advantages, rewards, filters }: StepDecisions): number[] {
  return rewards.flatMap((all, b) => {
    const [first, ...others] = all.filter((_, i) => filters[b]?.kept[i]);
    return (advantages[b] ?? null) === null || others.every((reward) => reward === first) ? [b] : [];
  });
}

/** Decisions with those of other prompts in some places; advantages, which may depend on all of them, anew. */
export function replaced(
  decisions: StepDecisions,
  places: readonly number[],
  fresh: StepDecisions,
  { algorithm }: Judge,
  settings: Settings,
): StepDecisions {
  const merge = <Item>(old: readonly Item[], renewed: readonly Item[]): Item[] =>
    old.map((item, b) => renewed[places.indexOf(b)] ?? item);
  const filters = merge(decisions.filters, fresh.filters);
  const rewards = merge(decisions.rewards, fresh.rewards);
  return {
    problems: merge(decisions.problems, fresh.problems),
    groups: merge(decisions.groups, fresh.groups),
    shadow: merge(decisions.shadow, fresh.shadow),
    filters,
    voters: merge(decisions.voters, fresh.voters),
    labels: merge(decisions.labels, fresh.labels),
    rewards,
    advantages: algorithm.advantage(
      rewards,
      filters.map(({ kept }) => kept),
      settings,
    ),
  };
}

/** The kept policy completions of the groups that have advantages, with their weights in the loss. */
export function trainingGroups(
  { groups, filters, advantages }: StepDecisions,
  { algorithm, tokenizer }: Judge,
  settings: Settings,
): TrainingGroup[] {
  const chosen = groups.map((group, b) => {
    const advantage = advantages[b];
    if (advantage === undefined || advantage === null) return [];
    return policyRollouts(group).flatMap((rollout, i) =>
      filters[b]?.kept[i] === true ? [{ tokens: rollout.tokens, advantage: advantage[i] ?? 0 }] : [],
    );
  });
  const weights = algorithm.objective.weights(
    chosen.flat().map(({ tokens }) => tokens.length),
    groups.flatMap(policyRollouts).length,
    settings,
  );
  let next = 0;
  return groups.map(({ prompt }, b) => ({
    prompt: tokenizer.encode(prompt),
    completions: (chosen[b] ?? []).map((completion) => ({ ...completion, weight: weights[next++] ?? 0 })),
  }));
}
