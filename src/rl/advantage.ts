import { mean, standardDeviation } from '../lib/stats.ts';
import type { AdvantageSettings, Kept } from '../spec/algorithm.ts';

/** Keeps the division finite; as verl. */
const epsilon = 1e-6;

type Rewards = readonly (readonly number[])[];
type Advantages = readonly (readonly number[] | null)[];

/** Rewards of the kept policy rollouts of each prompt; null where the group is skipped. */
function counted(rewards: Rewards, kept: readonly Kept[], least: number): (readonly number[] | null)[] {
  return rewards.map((group, b) => {
    if (group.every(Number.isNaN)) return null;
    const own = group.filter((_, i) => kept[b]?.[i]);
    return own.length < least ? null : own;
  });
}

/**
 * (r − mean) ÷ scale over the kept policy rollouts of a prompt, exactly 0 where all are equal. `scaleRewards`: the scale
 * is std + 1e-6 of the group (GRPO), that of all rewards counted in the batch, or 1 (Dr. GRPO); std is unbiased.
 * @param rewards per prompt and policy rollout, [B][M]; NaN throughout without a label
 * @param kept per prompt and rollout of the pool, [B][G]; the first M are the policy's
 * @returns per prompt and policy rollout, [B][M], 0 for those not kept; null (the group is skipped) without a
 *   label or with fewer than 2 kept. A single NaN reward is an error and stays visible as NaN.
 * @source arXiv 2402.03300, 2503.20783, 2508.08221; verl, TRL's `scale_rewards`
 */
export function groupRelative(
  rewards: Rewards,
  kept: readonly Kept[],
  { scaleRewards }: AdvantageSettings,
): Advantages {
  const groups = counted(rewards, kept, 2);
  const ofBatch = scaleRewards === 'batch' ? deviationOf(groups.flatMap((group) => group ?? [])) : NaN;
  return rewards.map((all, b) => {
    const group = groups[b] ?? null;
    if (group === null) return null;
    // Not (r − mean)/ε: the mean of equal numbers may differ from them in the last bit.
    if (group.every((reward) => reward === group[0])) return all.map(() => 0);
    const centre = mean(group);
    const scale = { group: () => deviationOf(group), batch: () => ofBatch, none: () => 1 }[scaleRewards]();
    return all.map((reward, i) => (kept[b]?.[i] === true ? (reward - centre) / scale : 0));
  });
}

/**
 * (r − mean) ÷ (std + 1e-6), both over the kept policy rollouts of all prompts: a prompt on which all are wrong is
 * learnt from, too. Shapes and skipped groups as of `groupRelative`, but one kept rollout is enough.
 * @source arXiv 2501.03262 (REINFORCE++)
 */
export function batchRelative(rewards: Rewards, kept: readonly Kept[]): Advantages {
  const groups = counted(rewards, kept, 1);
  const batch = groups.flatMap((group) => group ?? []);
  const equal = batch.every((reward) => reward === batch[0]);
  const [centre, scale] = [mean(batch), deviationOf(batch)];
  return rewards.map((all, b) => {
    if (groups[b] === null) return null;
    return all.map((reward, i) => (!equal && kept[b]?.[i] === true ? (reward - centre) / scale : 0));
  });
}

function deviationOf(values: readonly number[]): number {
  return standardDeviation(values) + epsilon;
}
