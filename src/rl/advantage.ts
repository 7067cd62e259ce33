import { mean, standardDeviation } from '../lib/stats.ts';
import type { Kept } from '../spec/algorithm.ts';

/** Keeps the division finite; as verl. */
const epsilon = 1e-6;

/**
 * (r − mean) / (std + 1e-6) over the kept policy rollouts, std unbiased; exactly 0 when all are equal.
 * @param rewards per policy rollout, [M]; NaN throughout without a label
 * @param kept per rollout of the pool, [G]; the first M are the policy's
 * @returns per policy rollout, [M], 0 for those not kept; null (the group is skipped) without a
 *   label or with fewer than 2 kept. A single NaN reward is an error and stays visible as NaN.
 * @source arXiv 2402.03300; verl
 */
export function groupNormalised(rewards: readonly number[], kept: Kept): readonly number[] | null {
  if (rewards.every(Number.isNaN)) return null;
  const counted = rewards.filter((_, i) => kept[i]);
  if (counted.length < 2) return null;
  // Not (r − mean)/ε: the mean of equal numbers may differ from them in the last bit.
  if (counted.every((reward) => reward === counted[0])) return rewards.map(() => 0);
  const centre = mean(counted);
  const scale = standardDeviation(counted) + epsilon;
  return rewards.map((reward, i) => (kept[i] === true ? (reward - centre) / scale : 0));
}
