import { mean } from '../lib/stats.ts';
import { plurality } from '../rl/vote.ts';
import type { PseudoLabel } from '../spec/group.ts';

/** Answers of one prompt's rollouts, [G]; null: none was found. */
export type Answers = readonly (string | null)[];

/** What the pools of a batch answered. @param pools per prompt, [B][G] */
export function poolMetrics(pools: readonly Answers[]) {
  const votes = pools.map(plurality);
  return {
    'vote/agreement': mean(votes.map(({ votes: most }, i) => most / (pools[i]?.length ?? NaN))),
    'vote/unanimous': share(votes, ({ votes: most }, i) => most === pools[i]?.length),
    'vote/distinct_answers': mean(votes.map(({ distinct }) => distinct)),
    'vote/no_answer': share(pools.flat(), (answer) => answer === null),
  };
}

/** What the labels of a batch say of one another. @param labels per prompt, [B] */
export function labelMetrics(labels: readonly Pick<PseudoLabel, 'answer' | 'tied'>[]) {
  const labelled = labels.flatMap(({ answer }) => (answer === null ? [] : [answer]));
  const votes = plurality(labelled);
  return {
    'vote/label_diversity': votes.distinct / labels.length,
    'vote/top_label_share': votes.votes / labelled.length,
    'vote/no_label': share(labels, ({ answer }) => answer === null),
    'vote/tied': share(labels, ({ tied }) => tied),
  };
}

/** Why a group gives no gradient; null for one that does. */
export type Dead = 'all agree' | 'none agree' | 'no answer' | null;

/** Groups without gradient, in three kinds. @param dead per prompt, [B] */
export function deadMetrics(dead: readonly Dead[]) {
  return {
    'reward/zero_std_groups': share(dead, (why) => why !== null),
    'reward/dead_all_agree': share(dead, (why) => why === 'all agree'),
    'reward/dead_none_agree': share(dead, (why) => why === 'none agree'),
    'reward/dead_no_answer': share(dead, (why) => why === 'no answer'),
  };
}

/**
 * Why a group gives no gradient.
 * @param reward that those trained on have in common, where they have one
 * @param advantages [M]; null for a group that is skipped
 */
export function deadBecause(reward: number | undefined, advantages: readonly number[] | null): Dead {
  if (advantages === null) return 'no answer';
  if (!advantages.every((advantage) => advantage === 0)) return null;
  return reward !== undefined && reward > 0 ? 'all agree' : 'none agree';
}

/** Share of items of which a test is true; NaN of nothing. */
export function share<Item>(items: readonly Item[], test: (item: Item, index: number) => boolean): number {
  return items.filter(test).length / items.length;
}
